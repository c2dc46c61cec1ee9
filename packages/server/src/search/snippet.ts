import type { Snippet } from "@llm-backend/contract";
import { readSearchWords, type SearchTerm, type SearchWord } from "@llm-backend/storage";

const charsBefore = 40;
const charsMax = 200;
/** No further into a text is looked for what to show: a snippet without marks is better than a slow one. */
const readCharsMax = 100_000;

/** Cuts the part out of a text where the terms stand first, and marks them in it. */
export function toSnippet(text: string, terms: readonly SearchTerm[]): Snippet {
  const read = text.slice(0, readCharsMax);
  const first = findMarks(read, terms).next().value?.start ?? 0;
  const start = toBoundary(text, Math.max(0, first - charsBefore));
  const end = toBoundary(text, Math.min(text.length, start + charsMax));
  const marks = [];
  // From where the part begins, so that words which it cuts are not marked.
  for (const mark of findMarks(text.slice(start, end), terms)) marks.push(mark);
  return {
    text: text.slice(start, end),
    marks,
    isCutBefore: start > 0,
    isCutBehind: end < text.length,
  };
}

/** Where terms stand in a text, in order, and none over another. */
function* findMarks(
  text: string,
  terms: readonly SearchTerm[],
): Generator<{ start: number; end: number }, void> {
  const longest = Math.max(1, ...terms.map(({ words }) => words.length));
  const ahead: SearchWord[] = [];
  const words = readSearchWords(text);
  for (;;) {
    while (ahead.length < longest) {
      const next = words.next();
      if (next.done === true) break;
      ahead.push(next.value);
    }
    const [word] = ahead;
    if (word === undefined) return;
    const lengths = terms.filter((term) => startsWith(ahead, term)).map((term) => term.words.length);
    const taken = ahead.splice(0, Math.max(1, ...lengths));
    if (lengths.length > 0) yield { start: word.start, end: taken.at(-1)?.end ?? word.end };
  }
}

function startsWith(ahead: readonly SearchWord[], { words, isPrefix }: SearchTerm): boolean {
  return words.every((word, index) => {
    const text = ahead[index]?.text;
    return isPrefix ? text?.startsWith(word) === true : text === word;
  });
}

/** The place itself, or the one before it where it would cut a character in two. */
function toBoundary(text: string, place: number): number {
  const isLow = /[\udc00-\udfff]/.test(text.charAt(place));
  return isLow && /[\ud800-\udbff]/.test(text.charAt(place - 1)) ? place - 1 : place;
}
