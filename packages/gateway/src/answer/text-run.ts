import type { AnswerPart } from "../ports.ts";
import type { PartBuffer } from "./part-buffer.ts";

/** Where the text of a frame stands: between the quotes of a sound JSON string. */
export type TextRange = { readonly from: number; readonly to: number };

/** Joins the texts of neighbouring frames as they stand there, so that they are decoded once and not one by one. */
export type TextRun = {
  readonly add: (type: AnswerPart["type"], source: Buffer, range: TextRange) => void;
  /** Hands what was joined to the buffer of parts. To be called before anything else is, and at the end of each read. */
  readonly close: () => void;
};

/** Most reads bring less text than this. */
const firstBytes = 16 * 1024;
/** Below this, a loop copies faster than a call. */
const nearBytes = 48;
/** What is larger is not kept from one read to the next. */
const keptBytesMax = 256 * 1024;

/** All runs use the same bytes, one after the other: a run begins and ends within one read. */
let shared: Buffer = Buffer.allocUnsafeSlow(firstBytes);

function grow(needed: number, used: number): Buffer {
  const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * shared.length));
  shared.copy(grown, 0, 0, used);
  return grown;
}

function copyNear(source: Buffer, { from, to }: TextRange, start: number): void {
  const bytes = shared;
  for (let at = from, put = start; at < to; at++) bytes[put++] = source[at] as number;
}

function decode(bytes: Buffer, length: number): string {
  const raw = bytes.toString("utf8", 0, length);
  return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
}

/** Creates the run of one answer. */
export function createTextRun(parts: PartBuffer): TextRun {
  let type: AnswerPart["type"] = "text-delta";
  let length = 0;

  function close(): void {
    if (length === 0) return;
    const text = decode(shared, length);
    length = 0;
    if (shared.length > keptBytesMax) shared = Buffer.allocUnsafeSlow(firstBytes);
    parts.add(type, text);
  }

  return {
    add(kind, source, range) {
      const { from, to } = range;
      if (from === to) return;
      // Bytes that end in the middle of a character are none together with those of another frame.
      const isCut = ((source[from] as number) & 0xc0) === 0x80;
      if (kind !== type || isCut) close();
      type = kind;
      const needed = length + to - from;
      if (needed > shared.length) shared = grow(needed, length);
      if (to - from > nearBytes) source.copy(shared, length, from, to);
      else copyNear(source, range, length);
      length = needed;
    },
    close,
  };
}
