import type { MediaType } from "@llm-backend/contract";

/** The media types of images. */
export type ImageType = Exclude<MediaType, "text/plain">;

/** So many bytes tell what an image is. */
export const imageHeadBytes = 12;

const at = (head: Uint8Array, position: number, text: string): boolean =>
  Buffer.from(head).toString("latin1", position, position + text.length) === text;

const signs: readonly (readonly [ImageType, (head: Uint8Array) => boolean])[] = [
  ["image/png", (head) => at(head, 0, "\x89PNG\r\n\x1a\n")],
  ["image/jpeg", (head) => at(head, 0, "\xff\xd8\xff")],
  ["image/gif", (head) => at(head, 0, "GIF87a") || at(head, 0, "GIF89a")],
  ["image/webp", (head) => at(head, 0, "RIFF") && at(head, 8, "WEBP")],
];

/** Tells from its first bytes which image a file is; undefined where it is none of those that are taken. */
export function findImageType(head: Uint8Array): ImageType | undefined {
  return signs.find(([, fits]) => fits(head.subarray(0, imageHeadBytes)))?.[0];
}
