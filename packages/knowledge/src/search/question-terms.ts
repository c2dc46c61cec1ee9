import { readSearchWords } from "@llm-backend/storage";
import { listWordForms } from "./word-forms.ts";

/** What a passage may have in common with a question: a word, or two characters side by side. */
export type QuestionTerm = {
  readonly words: readonly string[];
  /** It is not what was asked for, but another form of it: it counts less. */
  readonly isForm?: boolean;
};

/** What of a longer question is looked for: by then it is a text, and its later words say what the first ones did. */
const termsMax = 256;

/**
 * Reads what a question asks for, each term once; whatever it looks like, it is never syntax. What is written without spaces
 * becomes pairs of characters, because nobody knows where its words end: what holds a word of them holds its pairs.
 */
export function readQuestionTerms(text: string): QuestionTerm[] {
  const terms = new Map<string, QuestionTerm>();
  const add = (words: readonly string[]) => terms.set(words.join(" "), { words });
  let last: { readonly text: string; readonly end: number; readonly isPaired: boolean } | undefined;
  for (const word of readSearchWords(text)) {
    const isSingle = isSingleCharacter(text.slice(word.start, word.end));
    const isPaired = last !== undefined && isSingle && last.end === word.start;
    if (isPaired) add([last?.text ?? "", word.text]);
    else if (last !== undefined && !last.isPaired) add([last.text]);
    if (terms.size >= termsMax) return [...terms.values()];
    last = { text: word.text, end: isSingle ? word.end : Number.NaN, isPaired };
  }
  if (last !== undefined && !last.isPaired) add([last.text]);
  return [...terms.values()];
}

/** Adds the other forms of words, behind what was asked for. */
export function withWordForms(terms: readonly QuestionTerm[]): QuestionTerm[] {
  const known = new Set(terms.map(({ words }) => words.join(" ")));
  const forms: QuestionTerm[] = [];
  for (const { words } of terms) {
    if (words.length > 1) continue;
    for (const form of listWordForms(words[0] ?? "")) {
      if (known.has(form)) continue;
      known.add(form);
      forms.push({ words: [form], isForm: true });
    }
  }
  return [...terms, ...forms];
}

function isSingleCharacter(word: string): boolean {
  return word.length <= 2 && Array.from(word).length === 1;
}
