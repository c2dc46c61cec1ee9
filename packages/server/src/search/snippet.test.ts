import { readSearchTerms } from "@llm-backend/storage";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toSnippet } from "./snippet.ts";

const cut = (text: string, query: string) => {
  const snippet = toSnippet(text, readSearchTerms(query));
  return { ...snippet, words: snippet.marks.map(({ start, end }) => snippet.text.slice(start, end)) };
};

describe("a snippet", () => {
  it("marks the words as they are written in the text", () => {
    expect(cut("Un CAFÉ, deux cafés", "cafe")).toMatchObject({
      text: "Un CAFÉ, deux cafés",
      words: ["CAFÉ", "cafés"],
      isCutBefore: false,
      isCutBehind: false,
    });
  });

  it("marks a run of characters as one, and not where only a part of it stands", () => {
    expect(cut("京都と東京と東", "東京").words).toEqual(["東京"]);
  });

  it("is cut around the first word that was found", () => {
    const { text, words, isCutBefore, isCutBehind } = cut(`${"a ".repeat(500)}fox${" b".repeat(500)}`, "fox");
    expect([words, isCutBefore, isCutBehind]).toEqual([["fox"], true, true]);
    expect(text.indexOf("fox")).toBe(40);
  });

  it("is the beginning of a text in which nothing is found early enough", () => {
    expect(cut(`${"a ".repeat(60_000)}fox`, "fox")).toMatchObject({
      marks: [],
      isCutBefore: false,
      isCutBehind: true,
    });
  });

  it("is a well-formed part of any text, with marks inside of it that do not touch", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 600 });
    fc.assert(
      fc.property(text, text, (whole, query) => {
        const snippet = toSnippet(whole, readSearchTerms(query));
        expect(snippet.text.isWellFormed()).toBe(true);
        expect(whole).toContain(snippet.text);
        let last = 0;
        for (const { start, end } of snippet.marks) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
        }
        expect(last).toBeLessThanOrEqual(snippet.text.length);
      }),
    );
  });
});
