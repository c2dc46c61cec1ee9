import { readSearchWords } from "@llm-backend/storage";
import type { QuestionTerm } from "./question-terms.ts";

/** A part of a text, in UTF-16 units of it. */
export type TextRange = { readonly start: number; readonly end: number };

/** Whoever shows a passage can do with so many. */
const rangesMax = 100;

/** Finds where the terms of a question stand in a text, in order; what lies side by side is one range. */
export function findHighlights(content: string, terms: readonly QuestionTerm[]): TextRange[] {
  const wanted = new Set(terms.map(({ words }) => words.join(" ")));
  const ranges: { start: number; end: number }[] = [];
  const mark = (start: number, end: number) => {
    const last = ranges.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else ranges.push({ start, end });
  };
  let last: { readonly text: string; readonly start: number } | undefined;
  for (const word of readSearchWords(content)) {
    if (last !== undefined && wanted.has(`${last.text} ${word.text}`)) mark(last.start, word.end);
    else if (wanted.has(word.text)) mark(word.start, word.end);
    if (ranges.length > rangesMax) break;
    last = word;
  }
  return ranges.slice(0, rangesMax);
}
