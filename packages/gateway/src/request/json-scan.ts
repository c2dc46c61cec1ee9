/** How deep values may lie in each other; the outermost one is the first level. */
export const jsonDepthMax = 64;

/** Given in place of an offset: the bytes are no sound JSON. */
export const unsound = -1;
/** Given in place of an offset: the value is nested deeper than {@link jsonDepthMax}. */
export const tooDeep = -2;

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
/** Further than this, a native search is faster than a loop. */
const nearBytes = 64;
/** Longer numbers are nobody's. */
const scalarCharsMax = 1024;
const scalar = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

const isBlank = (code: number | undefined): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** The first byte from `at` on that is no blank. */
export function skipBlanks(bytes: Buffer, at: number): number {
  let index = at;
  while (isBlank(bytes[index])) index++;
  return index;
}

/** The offset behind a string that begins at `at`, or {@link unsound}. What is in it is not looked at. */
export function skipString(bytes: Buffer, at: number): number {
  let index = at + 1;
  while (index < bytes.length) {
    const near = Math.min(index + nearBytes, bytes.length);
    for (; index < near; index++) {
      const code = bytes[index];
      if (code === quote) return index + 1;
      if (code === backslash) index++;
    }
    const found = bytes.indexOf(quote, index);
    if (found === -1) return unsound;
    let start = found;
    while (start > index && bytes[start - 1] === backslash) start--;
    if ((found - start) % 2 === 0) return found + 1;
    index = found + 1;
  }
  return unsound;
}

/** Brackets are matched and strings skipped; what else stands between them is not proved. */
function skipNested(bytes: Buffer, at: number, depth: number): number {
  const closers: number[] = [];
  for (let index = at; index < bytes.length; index++) {
    const code = bytes[index] as number;
    // Most of what stands between brackets is below all of them.
    if (code < openBracket && code !== quote) continue;
    if (code === quote) {
      index = skipString(bytes, index) - 1;
      if (index < 0) return unsound;
    } else if (code === openBrace || code === openBracket) {
      if (depth + closers.length > jsonDepthMax) return tooDeep;
      closers.push(code === openBrace ? closeBrace : closeBracket);
    } else if (code === closeBrace || code === closeBracket) {
      if (closers.pop() !== code) return unsound;
      if (closers.length === 0) return index + 1;
    }
  }
  return unsound;
}

function skipScalar(bytes: Buffer, at: number): number {
  let index = at;
  for (; index < bytes.length; index++) {
    const code = bytes[index];
    if (isBlank(code) || code === 0x2c || code === closeBrace || code === closeBracket) break;
  }
  if (index - at > scalarCharsMax) return unsound;
  return scalar.test(bytes.toString("latin1", at, index)) ? index : unsound;
}

/** The offset behind the value that begins at `at` on this level of nesting; {@link unsound} or {@link tooDeep}. */
export function skipValue(bytes: Buffer, at: number, depth: number): number {
  const code = bytes[at];
  if (code === quote) return skipString(bytes, at);
  if (code === openBrace || code === openBracket) return skipNested(bytes, at, depth);
  return skipScalar(bytes, at);
}
