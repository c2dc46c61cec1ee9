/** What a body is, by its first visible character, whatever its content type says. */
export type StreamFormat = "events" | "json" | "page";

const mark = [0xef, 0xbb, 0xbf] as const;

/** How many bytes of a byte order mark stand at the beginning; undefined while that cannot be told. */
export function measureMark(bytes: Buffer): number | undefined {
  for (const [index, byte] of mark.entries()) {
    if (index === bytes.length) return undefined;
    if (bytes[index] !== byte) return 0;
  }
  return mark.length;
}

/** Tells the format of what begins at this offset; undefined while there are only blanks. */
export function readFormat(bytes: Buffer, start: number): StreamFormat | undefined {
  let at = start;
  while (at < bytes.length && (bytes[at] as number) <= 0x20) at++;
  if (at === bytes.length) return undefined;
  if (bytes[at] === 0x7b || bytes[at] === 0x5b) return "json";
  return bytes[at] === 0x3c ? "page" : "events";
}
