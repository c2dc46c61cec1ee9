import { readFileSync } from "node:fs";

/** A question and the one place that answers it. */
export type Question = {
  readonly question: string;
  /** The document's name. */
  readonly document: string;
  /** The heading that the answer stands under. */
  readonly heading: string;
};

const folder = new URL("../../corpus/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");

/** The documents of the corpus, with their texts. */
export const corpusDocuments = ["aesops-fables.md", "human-rights.zh.md"].map((name) => ({
  name,
  text: read(name),
}));

/** The questions about them. */
export const corpusQuestions = JSON.parse(read("questions.json")) as readonly Question[];

/** The sentences of the fables, as something to make larger texts of. */
export function readSentences(): readonly string[] {
  const text = read("aesops-fables.md").replaceAll(/^#.*$/gm, "");
  return text
    .replaceAll(/\s+/g, " ")
    .split(/(?<=[.!?])\s/)
    .filter(({ length }) => length > 20);
}
