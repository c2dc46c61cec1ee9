/** Byte offsets, each once before the first comes again. */
export type Offsets = { next(): number };

/**
 * All offsets of a wire form of so many bytes: those of a small run are spread over it, those of a large one leave none
 * out.
 */
export function createOffsets(bytes: number, cuts: number): Offsets {
  const stride = toStride(bytes, cuts);
  let offset = -stride;
  return {
    next() {
      offset = (offset + stride) % bytes;
      return offset;
    },
  };
}

/** Neighbours are far apart, so that each round has offsets from everywhere; no common divisor, so that none is left out. */
function toStride(bytes: number, cuts: number): number {
  let stride = Math.max(1, Math.floor(bytes / Math.min(97, Math.max(3, cuts / 3))));
  while (toDivisor(stride, bytes) !== 1) stride++;
  return stride;
}

function toDivisor(one: number, other: number): number {
  return other === 0 ? one : toDivisor(other, one % other);
}
