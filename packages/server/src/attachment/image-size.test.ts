import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readImageSize, type ReadBytes } from "./image-size.ts";
import { findImageType, type ImageType } from "./image-type.ts";

const heads: Readonly<Record<ImageType, string>> = {
  "image/png": "89504e470d0a1a0a0000000d49484452",
  "image/jpeg": "ffd8ff",
  "image/gif": "474946383961",
  "image/webp": "524946460000000057454250",
};
const kinds = Object.keys(heads) as ImageType[];

function toReader(bytes: Buffer): { read: ReadBytes; reads: () => number } {
  let count = 0;
  return {
    reads: () => count,
    read(position, length) {
      count++;
      return Promise.resolve(bytes.subarray(position, position + length));
    },
  };
}

describe("an image's size", () => {
  it("is read of any bytes behind a head, or is not known: nothing is thrown, and little is read", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 300 }), async (kind, rest) => {
        const { read, reads } = toReader(Buffer.concat([Buffer.from(heads[kind], "hex"), rest]));
        const size = await readImageSize(kind, read);
        if (size !== undefined) expect(Math.min(size.width, size.height)).toBeGreaterThan(0);
        expect(reads()).toBeLessThanOrEqual(500);
      }),
      { numRuns: 2000 },
    );
  });

  it("is looked for no further than cameras write", async () => {
    // Empty segments without an end.
    const { read, reads } = toReader(Buffer.from(`ffd8${"ffe00002".repeat(100_000)}`, "hex"));
    expect(await readImageSize("image/jpeg", read)).toBeUndefined();
    expect(reads()).toBe(500);
  });
});

it("tells images from whatever else begins in some way", () => {
  for (const kind of kinds) expect(findImageType(Buffer.from(`${heads[kind]}000000`, "hex"))).toBe(kind);
  for (const other of ["", "GIF88a", "RIFFxxxxWAVE", "<svg xmlns=", "%PDF-1.7", "BM6\0\0\0", "\x89PNG"])
    expect(findImageType(Buffer.from(other, "latin1"))).toBeUndefined();
});
