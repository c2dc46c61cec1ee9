import type { TextRange } from "./text-range.ts";

const words = new Intl.Segmenter(undefined, { granularity: "word" });
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
// After these a sentence may be divided; in scripts without spaces they are all there is.
const clauseEnd = /[,;:)\]}\u2026\u3001\uFF0C\uFF1B\uFF1A\u060C\u104A\u17D4]\s*|[\s\u200B]+/gu;

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

/** How far the next part reaches. Only this part of the text is looked at, so that all parts together cost its length once. */
function findBreak(text: string, start: number, charsMax: number): number {
  const part = text.slice(start, start + charsMax);
  let clause = 0;
  for (const match of part.matchAll(clauseEnd)) clause = match.index + match[0].length;
  if (clause >= charsMax / 2) return clause;
  const word = findLastBoundary(words, part);
  if (word >= charsMax / 2) return word;
  const grapheme = findLastBoundary(graphemes, part);
  if (grapheme > 0) return grapheme;
  // One character of more marks than a passage has room for. At least no pair is torn.
  return isHighSurrogate(part.charCodeAt(part.length - 1)) ? part.length - 1 : part.length;
}

/** Where the last segment of a part begins: it may go on behind the part. 0 where there is but one. */
function findLastBoundary(segmenter: Intl.Segmenter, part: string): number {
  let last = 0;
  for (const { index } of segmenter.segment(part)) last = index;
  return last;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
