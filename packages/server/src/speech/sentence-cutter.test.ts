import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSentenceCutter } from "./sentence-cutter.ts";

function cut(...pieces: readonly string[]): string[] {
  const cutter = createSentenceCutter();
  return [...pieces.flatMap((piece) => cutter.push(piece)), ...cutter.end()];
}

/** The pieces that are complete before the text has ended. */
const complete = (text: string): string[] => createSentenceCutter().push(text);

describe("createSentenceCutter", () => {
  it.each([
    ["One. Two! Three? ", ["One. ", "Two! ", "Three? "]],
    ["It is 3.14 or 1,000.5. More", ["It is 3.14 or 1,000.5. ", "More"]],
    ["Dr. Who met Mr. Smith, e.g. at J. R. R. Tolkien's. Then he left.", 2],
    ["See example.com/a.html? Yes.", ["See example.com/a.html? ", "Yes."]],
    ["He said “Stop!” and went. Then (really.) he came.", 4],
    ["你好。今天天气很好！是吗？是的", ["你好。", "今天天气很好！", "是吗？", "是的"]],
    ["他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]],
    ["Wait... what?! No", ["Wait... ", "what?! ", "No"]],
    ["# Title\n- one\n- two\n", ["# Title\n", "- one\n", "- two\n"]],
    ["1. First thing\n2. Second thing", ["1. First thing\n", "2. Second thing"]],
    ["In 1999. Then", ["In 1999. ", "Then"]],
    ["So do I. You too", ["So do I. ", "You too"]],
    ["Is it? No. It is not.", ["Is it? ", "No. ", "It is not."]],
    ["OK!你好", ["OK!", "你好"]],
    ["\n\nHello. ", ["\n\nHello. "]],
  ] as const)("cuts %j", (text, expected) => {
    if (typeof expected === "number") expect(cut(text)).toHaveLength(expected);
    else expect(cut(text)).toEqual(expected);
  });

  it("gives a sentence with the blank behind it, and does not wait for the next word", () => {
    const cutter = createSentenceCutter();
    expect(cutter.push("Hello there.")).toEqual([]);
    expect(cutter.push(" ")).toEqual(["Hello there. "]);
  });

  it("gives what looks complete in a pause, unless a number or an abbreviation may go on", () => {
    const settle = (text: string) => {
      const cutter = createSentenceCutter();
      cutter.push(text);
      return cutter.settle();
    };
    expect(settle("Hello there.")).toEqual(["Hello there."]);
    expect(settle("Really?”")).toEqual(["Really?”"]);
    for (const open of ["It is 3.", "As Dr.", "e.g.", "Hello there", "Hello,", ""])
      expect(settle(open)).toEqual([]);
  });

  it("begins to speak of a text without an end", () => {
    const words = complete("word ".repeat(200));
    expect(words.length).toBeGreaterThan(3);
    expect(words[0]?.length).toBeLessThanOrEqual(100);
    expect(words.every((piece) => piece.length <= 240)).toBe(true);
    const han = complete("你好我们在这里说话".repeat(40));
    expect(han[0]?.length).toBeLessThanOrEqual(50);
  });

  it("cuts what is too long at a comma, where there is one, and between words", () => {
    const half = "some words that go on and on for quite a while without";
    expect(complete(`${half}, ${half} ${half}`)[0]).toBe(`${half},`);
    for (const piece of complete("alpha beta gamma ".repeat(40)))
      expect(piece).toMatch(/^\s?(alpha|beta|gamma).*(alpha|beta|gamma)$/s);
  });

  it("tears no character apart", () => {
    for (const character of ["👍", "👩‍👩‍👧", "e\u0301"])
      for (const piece of complete(character.repeat(300)))
        expect(piece.isWellFormed() && !/^(?:\u200d|\ufe0f|\u0301)/.test(piece)).toBe(true);
  });

  const text = fc.array(
    fc.oneof(
      fc.constantFrom(
        ...Array.from(' .!?。！？\n,，"”)1234567890abcXYZ你好…*#`|'),
        "Dr. ",
        "3.14",
        "e.g. ",
        "👍",
        "...",
        "  ",
      ),
      fc.string({ unit: "binary" }),
    ),
    { maxLength: 120 },
  );

  it("loses and adds nothing, however the text comes", () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(9), { maxLength: 200 }), (words, sizes) => {
        const whole = words.join("");
        const cutter = createSentenceCutter({ firstWidthMax: 10, widthMax: 25 });
        const sentences: string[] = [];
        let at = 0;
        for (const size of sizes) {
          sentences.push(...(size === 9 ? cutter.settle() : cutter.push(whole.slice(at, at + size))));
          if (size !== 9) at += size;
        }
        sentences.push(...cutter.push(whole.slice(at)), ...cutter.end());
        expect(sentences.join("")).toBe(whole);
        expect(sentences).not.toContain("");
      }),
      { numRuns: 500 },
    );
  });

  it("cuts in time that grows with the text alone", () => {
    const startedAt = performance.now();
    complete("a".repeat(200_000));
    complete(". . . ".repeat(40_000));
    const cutter = createSentenceCutter();
    for (let count = 0; count < 20_000; count++) cutter.push("word ");
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});
