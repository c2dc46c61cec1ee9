import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findHighlights } from "./find-highlights.ts";
import { readQuestionTerms } from "./question-terms.ts";

const readTexts = (question: string) => readQuestionTerms(question).map(({ words }) => words.join(" "));
const mark = (content: string, question: string) =>
  findHighlights(content, readQuestionTerms(question)).map(({ start, end }) => content.slice(start, end));

describe("readQuestionTerms", () => {
  it("reads words, each once, folded", () => {
    expect(readTexts("Where does Café Müller, where?")).toEqual(["where", "does", "cafe", "muller"]);
  });

  it("reads pairs of what is written without spaces, and what stands alone", () => {
    expect(readTexts("东京都 of 茶")).toEqual(["东 京", "京 都", "of", "茶"]);
    expect(readTexts("茶,水")).toEqual(["茶", "水"]);
    expect(readTexts("GPT模型好")).toEqual(["gpt", "模 型", "型 好"]);
  });

  it("reads no more than can be looked for", () => {
    const words = Array.from({ length: 5000 }, (_, index) => `word${index}`).join(" ");
    expect(readTexts(words)).toHaveLength(256);
  });
});

describe("findHighlights", () => {
  it("marks the words of the question, and joins what lies side by side", () => {
    expect(mark("The Invoice is paid. INVOICE!", "invoice paid")).toEqual(["Invoice", "paid", "INVOICE"]);
    expect(mark("我在东京都工作,京都很美", "东京都")).toEqual(["东京都", "京都"]);
  });

  it("marks parts of the text, in order, and none over another, whatever the texts are", () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 60 }),
      fc.string({
        unit: fc.constantFrom("a", "b", " ", "东", "京", "é", "😀", "\u0301", "-"),
        maxLength: 60,
      }),
    );
    fc.assert(
      fc.property(text, text, (content, question) => {
        let end = -1;
        for (const range of findHighlights(content, readQuestionTerms(question))) {
          expect(range.start).toBeGreaterThan(end);
          expect(range.end).toBeGreaterThan(range.start);
          expect(range.end).toBeLessThanOrEqual(content.length);
          end = range.end;
        }
      }),
    );
  });
});
