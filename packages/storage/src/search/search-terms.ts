import { readSearchWords, toOwnWords } from "./search-words.ts";

/** What a text must hold to be found: these words in a row, the last of them perhaps only begun. */
export type SearchTerm = { readonly words: readonly string[]; readonly isPrefix: boolean };

const termsMax = 32;
/** Shorter beginnings would stand for half of a dictionary. */
const prefixCharsMin = 3;

/**
 * Reads what somebody typed as words; whatever it looks like, it is never syntax. Characters that stand alone and side
 * by side make one term. The last word may be the beginning of one, for those who see hits while they type.
 */
export function readSearchTerms(query: string): SearchTerm[] {
  const terms: { words: string[]; end: number; standsAlone: boolean }[] = [];
  for (const word of readSearchWords(query)) {
    const last = terms.at(-1);
    const standsAlone = isSingle(query.slice(word.start, word.end));
    // Two words side by side can only be characters that stand alone, or a word beside one.
    if (last !== undefined && standsAlone && last.standsAlone && last.end === word.start) {
      last.words.push(word.text);
      last.end = word.end;
    } else if (terms.length === termsMax) {
      break;
    } else {
      terms.push({ words: [word.text], end: word.end, standsAlone });
    }
  }
  return terms.map(({ words }, index) => ({
    words,
    isPrefix:
      index === terms.length - 1 && words.length === 1 && (words[0] as string).length >= prefixCharsMin,
  }));
}

/** Whether a word is one character, of whatever size. */
function isSingle(word: string): boolean {
  return word.length <= 2 && Array.from(word).length === 1;
}

/** Writes terms as a query of the index: all of them in one text, among the words of one user. */
export function toMatchQuery(terms: readonly SearchTerm[], userId: number): string {
  return terms
    .map(({ words, isPrefix }) => {
      const phrase = words.map((word) => toOwnWords(word, userId)).join(" ");
      return quote(phrase) + (isPrefix ? "*" : "");
    })
    .join(" AND ");
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""').replaceAll("\0", "")}"`;
}
