const firstBytes = 512;
/** From here on it grows by a quarter at a time: of a long text half would be room for nothing. */
const longBytes = 32 * 1024;
/** And where it has as many bytes as it may have characters, by so much. */
const farStep = 4 * 1024;
/** Below this, a loop copies faster than a call. */
const nearBytes = 48;

/** Counts code points: every UTF-16 unit that is not the second half of a pair. */
export function countChars(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    if ((text.charCodeAt(index) & 0xfc00) !== 0xdc00) count++;
  }
  return count;
}

/**
 * Keeps the beginning of a text that comes in pieces, as the inside of a JSON string: pieces are copied as they stand in
 * their frames, escapes and all, and become text only when somebody reads it.
 */
export class TextStore {
  readonly #charsMax: number;
  #bytes: Buffer | undefined;
  #length = 0;
  #chars = 0;

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  /** Adds what stands between the quotes of a sound JSON string, of so many code points. */
  addRaw(
    source: Buffer,
    range: { readonly from: number; readonly to: number; readonly chars: number },
  ): void {
    if (this.#chars > this.#charsMax) return;
    this.#chars += range.chars;
    if (this.#charsMax === 0) return;
    const { from, to } = range;
    const bytes = this.#reserve(to - from);
    if (to - from > nearBytes) source.copy(bytes, this.#length, from, to);
    else for (let at = from, put = this.#length; at < to; at++) bytes[put++] = source[at] as number;
    this.#length += to - from;
  }

  add(text: string): void {
    if (text === "") return;
    const raw = Buffer.from(JSON.stringify(text));
    this.addRaw(raw, { from: 1, to: raw.length - 1, chars: countChars(text) });
  }

  /** The text, at most so many UTF-16 units of it as were asked for. */
  read(): string {
    return this.#decode().slice(0, this.#charsMax);
  }

  /** There was more than `read` gives. */
  isCut(): boolean {
    return this.#chars > this.#charsMax || this.#decode().length > this.#charsMax;
  }

  #decode(): string {
    return JSON.parse(`"${this.#bytes?.toString("utf8", 0, this.#length) ?? ""}"`) as string;
  }

  #reserve(count: number): Buffer {
    const needed = this.#length + count;
    let bytes = this.#bytes;
    if (bytes === undefined || bytes.length < needed) {
      bytes = Buffer.allocUnsafeSlow(Math.max(needed, this.#grow(bytes?.length ?? 0), firstBytes));
      this.#bytes?.copy(bytes, 0, 0, this.#length);
      this.#bytes = bytes;
    }
    return bytes;
  }

  /** Most texts are ASCII, a byte for each character, and need no more than they may have of these. */
  #grow(bytes: number): number {
    if (bytes >= this.#charsMax) return bytes + farStep;
    return Math.min(bytes < longBytes ? 2 * bytes : Math.ceil(1.25 * bytes), this.#charsMax);
  }
}
