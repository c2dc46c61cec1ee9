import { storableLine, titleCharsMax } from "@llm-backend/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTitle } from "./title-prompt.ts";
import { toWordsTitle } from "./words-title.ts";

const isTitle = (text: string) => storableLine(titleCharsMax).safeParse(text).success;

describe("a title of first words", () => {
  it.each([
    ["Hello", "Hello"],
    ["  How\nare\tyou? ", "How are you?"],
    ["👩‍👩‍👧 and more", "👩‍👩‍👧 and more"],
    ["\u202eevil", "evil"],
    ["\u200b", ""],
    ["", ""],
    ["a".repeat(100), `${"a".repeat(59)}…`],
    [`${"word ".repeat(11)}longer words`, `${"word ".repeat(11).trimEnd()}…`],
  ])("of %j is %j", (message, title) => {
    expect(toWordsTitle(message)).toBe(title);
  });

  it("is one that a user could give, whatever was said", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (message) => {
        const title = toWordsTitle(message);
        expect(title === "" || isTitle(title)).toBe(true);
      }),
    );
  });
});

describe("a title of a model", () => {
  it.each([
    ["Cooking rice", "Cooking rice"],
    ['"Cooking rice."', "Cooking rice"],
    ["**Title:** Cooking rice", "Cooking rice"],
    ["# Cooking rice\n\nHope this helps!", "Cooking rice"],
    ["\n\n«Рис»\n", "Рис"],
    ["料理の基本", "料理の基本"],
    ["", ""],
    ["***\n...", ""],
  ])("%j is %j", (text, title) => {
    expect(readTitle(text)).toBe(title);
  });

  it("is one that a user could give, whatever it says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const title = readTitle(text);
        expect(title === "" || isTitle(title)).toBe(true);
      }),
    );
  });
});
