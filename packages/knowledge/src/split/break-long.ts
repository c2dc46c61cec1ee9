import type { TextRange } from "./text-range.ts";

const words = new Intl.Segmenter(undefined, { granularity: "word" });
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
// After these a sentence may be divided; in scripts without spaces they are all there is.
const clauseEnd =
  /[,;:)\]}\u2026\u3001\uFF0C\uFF1B\uFF1A\u060C\u104A\u17D4]\s*(?!\p{M})|[\s\u200B]+(?!\p{M})/gu;
const lookaheadChars = 32;

/** Divides what has no sentences, or too long ones, into parts of at most so many units: after clauses, else words. */
export function* breakLong(text: string, range: TextRange, charsMax: number): Generator<TextRange> {
  let { start } = range;
  while (range.end - start > charsMax) {
    const end = start + findBreak(text, start, charsMax);
    yield { start, end };
    start = end;
  }
  yield { start, end: range.end };
}

/** How far the next part reaches. No more than this part of the text is looked at, so that all together cost its length. */
function findBreak(text: string, start: number, charsMax: number): number {
  const part = text.slice(start, start + charsMax);
  let clause = 0;
  for (const match of part.matchAll(clauseEnd)) clause = match.index + match[0].length;
  if (clause >= charsMax / 2) return clause;
  const word = findLastBoundary(words, toPart(text, start, charsMax), charsMax);
  return word >= charsMax / 2 ? word : findCharacterEnd(text, start, charsMax);
}

/** How far whole characters reach, as they are shown, within so many units from a place on. */
export function findCharacterEnd(text: string, start: number, charsMax: number): number {
  const grapheme = findLastBoundary(graphemes, toPart(text, start, charsMax), charsMax);
  if (grapheme > 0) return grapheme;
  // One character of more marks than a passage has room for. At least no pair is torn.
  return isHighSurrogate(text.charCodeAt(start + charsMax - 1)) ? charsMax - 1 : charsMax;
}

function toPart(text: string, start: number, charsMax: number): string {
  return text.slice(start, start + charsMax + lookaheadChars);
}

/** The last place up to here where a segment begins. What comes behind it decides whether it is one. */
function findLastBoundary(segmenter: Intl.Segmenter, text: string, charsMax: number): number {
  let last = 0;
  for (const { index } of segmenter.segment(text)) {
    if (index > charsMax) break;
    last = index;
  }
  return last;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
