import { skipBlanks, skipString, skipValue, unsound } from "./json-scan.ts";

/** One member of an object, or one element of an array, as offsets of bytes. */
export type MemberRange = {
  /** Behind the bracket or comma before it: the member with the blanks around it. */
  readonly start: number;
  /** The opening quote of its key; of an element, the same as `valueStart`. */
  readonly keyStart: number;
  /** Behind the closing quote of its key. */
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** At the comma or bracket behind it. */
  readonly end: number;
};

/** What a walk over members came to: the closing bracket, or where and why it stopped. */
export type Walk = { readonly close: number; readonly fault: number; readonly at: number };

const comma = 0x2c;
const colon = 0x3a;
const quote = 0x22;

/** The value's offset behind a key and its colon, or unsound. */
function skipColon(bytes: Buffer, keyEnd: number): number {
  const at = skipBlanks(bytes, keyEnd);
  return bytes[at] === colon ? skipBlanks(bytes, at + 1) : unsound;
}

/**
 * Walks over the members of the object, or the elements of the array, whose bracket stands at `open`.
 * Nothing is recursive; `fault` is `unsound` or `tooDeep` where the walk could not go on, else 0.
 */
export function walkMembers(bytes: Buffer, open: number, visit: (member: MemberRange) => void): Walk {
  const isObject = bytes[open] === 0x7b;
  const closer = isObject ? 0x7d : 0x5d;
  const stop = (at: number, fault = unsound): Walk => ({ close: -1, fault, at });
  let start = open + 1;
  let at = skipBlanks(bytes, start);
  if (bytes[at] === closer) return { close: at, fault: 0, at };
  for (;;) {
    const keyStart = at;
    let keyEnd = at;
    if (isObject) {
      keyEnd = bytes[at] === quote ? skipString(bytes, at) : unsound;
      if (keyEnd < 0) return stop(at);
      at = skipColon(bytes, keyEnd);
      if (at < 0) return stop(keyEnd);
    }
    const valueEnd = skipValue(bytes, at, 2);
    if (valueEnd < 0) return stop(at, valueEnd);
    const end = skipBlanks(bytes, valueEnd);
    if (bytes[end] !== comma && bytes[end] !== closer) return stop(end);
    visit({ start, keyStart, keyEnd, valueStart: at, valueEnd, end });
    if (bytes[end] === closer) return { close: end, fault: 0, at: end };
    start = end + 1;
    at = skipBlanks(bytes, start);
  }
}
