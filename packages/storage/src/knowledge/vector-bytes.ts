/** Whether this machine has numbers in memory as they are stored. */
const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Writes a vector as it is stored: brought to the length one, as floats of 32 bits. One without a length stays zero. */
export function toVectorBytes(vector: Float32Array): Uint8Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const factor = squares > 0 && Number.isFinite(squares) ? 1 / Math.sqrt(squares) : 0;
  const bytes = new Uint8Array(vector.length * 4);
  if (isLittleEndian) {
    const numbers = new Float32Array(bytes.buffer);
    for (let index = 0; index < vector.length; index++) numbers[index] = (vector[index] as number) * factor;
  } else {
    const view = new DataView(bytes.buffer);
    for (const [index, value] of vector.entries()) view.setFloat32(index * 4, value * factor, true);
  }
  return bytes;
}

/** Reads a stored vector into a place of that length. */
export function readVectorBytes(bytes: Uint8Array, into: Float32Array): void {
  if (isLittleEndian) {
    new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytes.subarray(0, into.byteLength));
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < into.length; index++) into[index] = view.getFloat32(index * 4, true);
}
