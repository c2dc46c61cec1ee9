import type { ImageType } from "./image-type.ts";

/** Width and height in pixels. */
export type ImageSize = { readonly width: number; readonly height: number };

/** Reads bytes of a file: fewer than asked for at its end. */
export type ReadBytes = (position: number, length: number) => Promise<Buffer>;

/** No camera writes as many before it says how large its picture is. */
const segmentsMax = 500;

const readers: Readonly<Record<ImageType, (read: ReadBytes) => Promise<ImageSize | undefined>>> = {
  "image/png": readPng,
  "image/jpeg": readJpeg,
  "image/gif": readGif,
  "image/webp": readWebp,
};

/**
 * Reads the size of an image out of its header, and decodes nothing: whoever sends a bomb is told so by its own words.
 *
 * @returns undefined where the header is broken, or says nothing.
 */
export async function readImageSize(type: ImageType, read: ReadBytes): Promise<ImageSize | undefined> {
  const size = await readers[type](read);
  return size === undefined || size.width === 0 || size.height === 0 ? undefined : size;
}

async function readPng(read: ReadBytes): Promise<ImageSize | undefined> {
  const head = await read(12, 12);
  if (head.length < 12 || head.toString("latin1", 0, 4) !== "IHDR") return undefined;
  return { width: head.readUInt32BE(4), height: head.readUInt32BE(8) };
}

async function readGif(read: ReadBytes): Promise<ImageSize | undefined> {
  const head = await read(6, 4);
  return head.length < 4 ? undefined : { width: head.readUInt16LE(0), height: head.readUInt16LE(2) };
}

async function readWebp(read: ReadBytes): Promise<ImageSize | undefined> {
  const head = await read(12, 18);
  if (head.length < 18) return undefined;
  switch (head.toString("latin1", 0, 4)) {
    case "VP8 ":
      if (head.toString("hex", 11, 14) !== "9d012a") return undefined;
      return { width: head.readUInt16LE(14) & 0x3fff, height: head.readUInt16LE(16) & 0x3fff };
    case "VP8L": {
      if (head[8] !== 0x2f) return undefined;
      const bits = head.readUInt32LE(9);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case "VP8X":
      return { width: head.readUIntLE(12, 3) + 1, height: head.readUIntLE(15, 3) + 1 };
    default:
      return undefined;
  }
}

/** Walks the segments to the one that begins the picture. */
async function readJpeg(read: ReadBytes): Promise<ImageSize | undefined> {
  let position = 2;
  for (let count = 0; count < segmentsMax; count++) {
    const head = await read(position, 9);
    const marker = head[1];
    if (head.length < 9 || head[0] !== 0xff || marker === undefined) return undefined;
    // Filling: any number of them may stand before a marker.
    if (marker === 0xff) position += 1;
    else if (isFrame(marker)) return { height: head.readUInt16BE(5), width: head.readUInt16BE(7) };
    else if (marker === 0xda || marker === 0xd9) return undefined;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) position += 2;
    else position += 2 + head.readUInt16BE(2);
  }
  return undefined;
}

/** The markers of frames, of whichever coding; three of their row mean something else. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
