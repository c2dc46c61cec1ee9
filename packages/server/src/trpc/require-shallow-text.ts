import { DomainError } from "@llm-backend/contract";

/** More than any input may have in the end: here only what parsing costs is bounded. */
const levelsMax = 40;

/** Nothing that is so short costs much, whatever it is. */
const shortChars = 4_096;

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Refuses JSON that is nested far too deeply before it is parsed: a bracket is one byte on the wire, and forty times as
 * much in memory. Whether it is sound JSON is not looked at.
 *
 * @throws DomainError `invalid_input`
 */
export function requireShallowText(text: string): void {
  if (text.length <= shortChars) return;
  let levels = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      index = findStringEnd(text, index);
    } else if (code === openBrace || code === openBracket) {
      levels++;
      if (levels > levelsMax) throw new DomainError("invalid_input", "The input is nested too deeply.");
    } else if (code === closeBrace || code === closeBracket) {
      levels--;
    }
  }
}

/** The closing quote of the string that begins here; the end of the text where there is none. */
function findStringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === backslash) first--;
  return (at - first) % 2 === 1;
}
