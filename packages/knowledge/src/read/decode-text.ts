import { analyse } from "chardet";
import { toCleanText } from "./text-builder.ts";

// Enough to tell an encoding by the frequency of its letters; chardet looks at all that it is given.
const sampleBytes = 64 * 1024;

const marks: readonly (readonly [readonly number[], string])[] = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
];

/**
 * Decodes the bytes of a text: by its byte order mark, as UTF-8 where it is valid, by what it declares of itself, and
 * by the likeliest encoding of its letters.
 *
 * @param declared - The encoding that the document names, if it does.
 */
export function decodeText(bytes: Uint8Array, declared?: string): string {
  const label = findMark(bytes) ?? findWideLabel(bytes);
  if (label !== undefined) return toCleanText(new TextDecoder(label).decode(bytes));
  const text =
    decodeStrictly(bytes, "utf-8") ??
    decodeNearlyValid(bytes) ??
    (declared === undefined ? undefined : decodeStrictly(bytes, declared)) ??
    decodeLikeliest(bytes);
  return toCleanText(text);
}

function findMark(bytes: Uint8Array): string | undefined {
  return marks.find(([mark]) => mark.every((byte, index) => bytes[index] === byte))?.[1];
}

/** UTF-16 without a mark has the zeros of its ASCII characters on one side only. */
function findWideLabel(bytes: Uint8Array): string | undefined {
  const sample = bytes.subarray(0, 4096);
  const zeros = [0, 0] as [number, number];
  for (const [index, byte] of sample.entries()) if (byte === 0) zeros[(index % 2) as 0 | 1]++;
  const [even, odd] = zeros;
  const many = sample.length / 8;
  if (odd > many && even < odd / 16) return "utf-16le";
  return even > many && odd < even / 16 ? "utf-16be" : undefined;
}

function decodeStrictly(bytes: Uint8Array, label: string): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    // Not in this encoding, or no encoding that Node knows.
    return undefined;
  }
}

/** UTF-8 in which a few characters are broken: cut off at the end, or by who wrote the file. */
function decodeNearlyValid(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(bytes);
  let broken = 0;
  let whole = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0xfffd) broken++;
    else if (code > 0x7f) whole++;
  }
  return broken * 20 <= whole ? text : undefined;
}

/** Bytes that are decoded wrongly become what nobody writes: control characters, and half-width katakana in heaps. */
function isPlausible(text: string): boolean {
  const sample = text.slice(0, 4096);
  const foreign = sample.match(/\P{ASCII}/gu)?.length ?? 0;
  const unlikely = sample.match(/[\u0080-\u009F\uFF61-\uFF9F\uE000-\uF8FF]/gu)?.length ?? 0;
  return unlikely <= foreign / 8;
}

function decodeLikeliest(bytes: Uint8Array): string {
  for (const { name } of analyse(bytes.subarray(0, sampleBytes))) {
    const text = decodeStrictly(bytes, name);
    if (text !== undefined && isPlausible(text)) return text;
  }
  // Every byte is a character of it, so that what is left is at least not lost.
  return new TextDecoder("windows-1252").decode(bytes);
}
