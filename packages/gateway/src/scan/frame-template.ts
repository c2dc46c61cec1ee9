import { endianness } from "node:os";

/** What may stand in a place where frames of a stream differ: any text, or any whole number. */
export type Hole = "text" | "skipped" | "digits";

/** A run of bytes that is the same in every frame, and what stands behind it. */
export type TemplatePart = { readonly bytes: Buffer; readonly hole: Hole | undefined };

/** What the text of a template's frames is. */
export type TemplateField = "text" | "reasoning" | "toolText";

const noHole = 0;
const textHole = 1;
const skippedHole = 2;
const digitsHole = 3;
const quote = 0x22;
const backslash = 0x5c;
const firstDigit = 0x30;
const lastDigit = 0x39;
const digitsMax = 15;
const holes = { text: textHole, skipped: skippedHole, digits: digitsHole } as const;

/** Numbers of a part in the layout: where its bytes begin, how many they are, what stands behind them. */
const partNumbers = 3;
const isLittleEndian = endianness() === "LE";
const toWordEnd = (length: number): number => (length + 3) & ~3;

const isHex = (code: number): boolean =>
  (code >= firstDigit && code <= lastDigit) ||
  (code >= 0x41 && code <= 0x46) ||
  (code >= 0x61 && code <= 0x66);

/** How long the escape at this backslash is; 0 when it is none. */
function measureEscape(bytes: Buffer, at: number): number {
  switch (bytes[at + 1]) {
    case 0x22: // "
    case 0x2f: // /
    case 0x5c: // \
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return 2;
    case 0x75: // u
      for (let index = at + 2; index < at + 6; index++) if (!isHex(bytes[index] ?? 0)) return 0;
      return 6;
    default:
      return 0;
  }
}

/** The escape writes the second half of a surrogate pair. */
const isLowHalf = (bytes: Buffer, at: number): boolean => {
  const second = (bytes[at + 3] as number) | 0x20;
  return ((bytes[at + 2] as number) | 0x20) === 0x64 && second >= 0x63 && second <= 0x66;
};

/**
 * Frames of a stream mostly repeat each other but for their text. A template knows what repeats, as bytes, and takes a
 * frame when all of that is the same and what lies between is a sound JSON string or number; by the grammar of JSON such
 * a frame parses to the one that was learned with another text in it.
 */
export class FrameTemplate {
  readonly field: TemplateField;
  /** The text of the frame that was matched last: between its quotes, in code points, escapes not undone. */
  from = 0;
  to = 0;
  chars = 0;
  /** The bytes of all parts, each from a whole word on: one piece of memory for each stream that is open. */
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #layout: readonly number[];
  readonly #bytesMin: number;

  constructor(field: TemplateField, parts: readonly TemplatePart[]) {
    this.field = field;
    this.#words = new Int32Array(parts.reduce((sum, { bytes }) => sum + toWordEnd(bytes.length), 0) >> 2);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#bytesMin = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
    let from = 0;
    this.#layout = parts.flatMap(({ bytes, hole }) => {
      const numbers = [from, bytes.length, hole === undefined ? noHole : holes[hole]];
      this.#bytes.set(bytes, from);
      from += toWordEnd(bytes.length);
      return numbers;
    });
  }

  /** The end of the frame that begins here, or -1 when it is none of this template. */
  match(bytes: Buffer, view: DataView, start: number): number {
    if (start + this.#bytesMin > bytes.length) return -1;
    const layout = this.#layout;
    let at = start;
    for (let index = 0; index < layout.length; index += partNumbers) {
      const from = layout[index] as number;
      const length = layout[index + 1] as number;
      const end = at + length;
      if (end > bytes.length) return -1;
      let word = from >> 2;
      for (; at + 4 <= end; at += 4) if (view.getInt32(at, isLittleEndian) !== this.#words[word++]) return -1;
      for (let byte = word << 2; at < end; at++) if (bytes[at] !== this.#bytes[byte++]) return -1;
      const hole = layout[index + 2] as number;
      if (hole === noHole) break;
      at = hole === digitsHole ? this.#skipDigits(bytes, at) : this.#skipText(bytes, at, hole);
      if (at === -1) return -1;
    }
    return at;
  }

  #skipText(bytes: Buffer, start: number, hole: number): number {
    const { length } = bytes;
    let chars = 0;
    let at = start;
    while (at < length) {
      const code = bytes[at] as number;
      if (code === quote) break;
      if (code < 0x20) return -1;
      if (code === backslash) {
        const skipped = measureEscape(bytes, at);
        if (skipped === 0) return -1;
        if (skipped === 2 || !isLowHalf(bytes, at)) chars++;
        at += skipped;
      } else {
        // Every byte of UTF-8 that is no continuation begins a code point.
        if ((code & 0xc0) !== 0x80) chars++;
        at++;
      }
    }
    if (hole === textHole) {
      this.from = start;
      this.to = at;
      this.chars = chars;
    }
    return at;
  }

  #skipDigits(bytes: Buffer, start: number): number {
    let at = start;
    for (; at < bytes.length; at++) {
      const code = bytes[at] as number;
      if (code < firstDigit || code > lastDigit) break;
    }
    const count = at - start;
    return count === 0 || count > digitsMax || (count > 1 && bytes[start] === firstDigit) ? -1 : at;
  }
}
