import type { KnowledgeReader } from "@llm-backend/storage";
import { expect, it } from "vitest";
import { searchByWords } from "./search-by-words.ts";

const terms = Array.from({ length: 50 }, (_, index) => ({ words: [`word${index}`] }));
const base = { number: 1, spaceId: 1, model: "m", dims: null, revision: 1 };

/** A base of one passage that has all the words. What it counts, it notes. */
function openBase() {
  const counted: string[] = [];
  const reader: Partial<KnowledgeReader> = {
    countWord: (_base, word) => counted.push(word) && 1,
    countIndexed: () => 10,
    matchWords: () => [[7, 1]],
    findVersions: () => new Map([[7, 3]]),
  };
  const contents = { base, versions: [], numbers: new Set([3]), passages: 1, counts: new Map() };
  const given = { terms, scopes: [{ contents, versions: undefined }], limit: 5 };
  return { counted, reader: reader as KnowledgeReader, given };
}

it("counts no more words once it is late, and makes do with those that it knows", () => {
  const { counted, reader, given } = openBase();
  const control = { check: () => undefined, isLate: () => counted.length >= 3 };
  expect(searchByWords(reader, given, control).found.map(({ id }) => id)).toEqual([7]);
  expect(counted).toEqual(["word0", "word1", "word2"]);
});

it("is given up while it counts", () => {
  const { counted, reader, given } = openBase();
  const check = () => {
    if (counted.length === 2) throw new Error("given up");
  };
  expect(() => searchByWords(reader, given, { check, isLate: () => false })).toThrow("given up");
  expect(counted).toHaveLength(2);
});
