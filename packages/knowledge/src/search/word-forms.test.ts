import { describe, expect, it } from "vitest";
import { readQuestionTerms, withWordForms } from "./question-terms.ts";
import { listWordForms } from "./word-forms.ts";

describe("listWordForms", () => {
  it.each([
    ["invoices", "invoice"],
    ["invoice", "invoices"],
    ["boxes", "box"],
    ["companies", "company"],
    ["company", "companies"],
    ["payed", "paying"],
    ["making", "make"],
    ["make", "making"],
    ["walked", "walks"],
  ])("knows that %s may stand there as %s", (word, form) => {
    expect(listWordForms(word)).toContain(form);
    expect(listWordForms(word)).not.toContain(word);
  });

  it.each(["is", "x1200", "größe", "合同", "a".repeat(60)])("knows no other forms of %s", (word) => {
    expect(listWordForms(word)).toEqual([]);
  });
});

it("asks for other forms behind what was asked for, and for nothing twice", () => {
  const terms = withWordForms(readQuestionTerms("box, boxes 合同"));
  expect(terms.slice(0, 3).map(({ words, isForm }) => [words.join(" "), isForm])).toEqual([
    ["box", undefined],
    ["boxes", undefined],
    ["合 同", undefined],
  ]);
  const texts = terms.map(({ words }) => words.join(" "));
  expect(new Set(texts).size).toBe(texts.length);
  expect(terms.slice(3).every(({ isForm }) => isForm)).toBe(true);
});
