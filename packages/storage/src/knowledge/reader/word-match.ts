import { toBaseWords, toVersionWord } from "../passage-index.ts";

/** What a passage of a base must have to be found: these words in a row. */
export type WordMatch = {
  readonly baseNumber: number;
  /** As `readSearchWords` reads them. */
  readonly words: readonly string[];
  /** Only passages of these contents. @default all of the base, whether they are found or not */
  readonly versions?: readonly number[] | undefined;
};

/** Writes it as a query of the index; whatever the words look like, they are never syntax. */
export function toWordMatch({ baseNumber, words, versions }: WordMatch): string {
  const phrase = quote(toBaseWords(words.join(" "), baseNumber));
  if (versions === undefined) return `{title content} : ${phrase}`;
  // Without any, nothing is found.
  const scope = (versions.length === 0 ? [-1] : versions).map((number) => quote(toVersionWord(number)));
  return `scope : (${scope.join(" OR ")}) AND {title content} : ${phrase}`;
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""').replaceAll("\0", "")}"`;
}
