/** The beginning of a PNG of a size, and as many bytes behind it as are wanted: nobody decodes it. */
export function createPng(width: number, height: number, rest = "pixels"): Uint8Array<ArrayBuffer> {
  const head = Buffer.alloc(33);
  head.write("\x89PNG\r\n\x1a\n", 0, "latin1");
  head.writeUInt32BE(13, 8);
  head.write("IHDR", 12, "latin1");
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return new Uint8Array(Buffer.concat([head, Buffer.from(rest)]));
}

/** The beginning of a JPEG: a long segment of a camera, filling, and the frame with the size. */
export function createJpeg(width: number, height: number): Uint8Array<ArrayBuffer> {
  const camera = Buffer.alloc(2 + 60_000);
  camera.writeUInt16BE(0xffe1, 0);
  camera.writeUInt16BE(60_000, 2);
  const frame = Buffer.from([0xff, 0xff, 0xff, 0xc2, 0, 17, 8, 0, 0, 0, 0, 3, 1, 0x22, 0, 2, 0x11, 1]);
  frame.writeUInt16BE(height, 7);
  frame.writeUInt16BE(width, 9);
  return new Uint8Array(Buffer.concat([Buffer.from([0xff, 0xd8]), camera, frame]));
}

/** The beginning of a GIF. */
export function createGif(width: number, height: number): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.concat([Buffer.from("GIF89a"), Buffer.alloc(20)]);
  bytes.writeUInt16LE(width, 6);
  bytes.writeUInt16LE(height, 8);
  return new Uint8Array(bytes);
}

/** The beginning of a WebP of one of its three kinds. */
export function createWebp(
  kind: "VP8 " | "VP8L" | "VP8X",
  width: number,
  height: number,
): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.alloc(40);
  bytes.write("RIFF", 0);
  bytes.write(`WEBP${kind}`, 8);
  if (kind === "VP8 ") {
    bytes.write("9d012a", 23, "hex");
    bytes.writeUInt16LE(width, 26);
    bytes.writeUInt16LE(height, 28);
  } else if (kind === "VP8L") {
    bytes[20] = 0x2f;
    bytes.writeUInt32LE((((height - 1) << 14) | (width - 1)) >>> 0, 21);
  } else {
    bytes.writeUIntLE(width - 1, 24, 3);
    bytes.writeUIntLE(height - 1, 27, 3);
  }
  return new Uint8Array(bytes);
}
