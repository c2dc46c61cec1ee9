import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSentenceCutter } from "./sentence-cutter.ts";
import { createSpokenText } from "./spoken-text.ts";

const speak = (text: string): string => createSpokenText().next(text);

describe("createSpokenText", () => {
  it.each([
    ["This is **bold**, *slanted*, _also_ and `code`.", "This is bold, slanted, also and code."],
    ["## Heading\n", "Heading"],
    ["- [x] an item\n", "an item"],
    ["1. First\n", "1. First"],
    ["> > quoted\n", "quoted"],
    ["See [the docs](https://example.org/a?b=c).", "See the docs."],
    ["![a cat](cat.png) sits", "a cat sits"],
    ["Look at https://www.example.org/a/b?c=d now", "Look at example.org now"],
    ["As known [1], it works[^2].", "As known , it works."],
    ["Great 👍🏽 work 👩‍👩‍👧 in 🇩🇪!", "Great work in !"],
    ["© 2026 Foo™", "© 2026 Foo™"],
    ["2 * 3 is 6, and snake_case_name stays", "2 * 3 is 6, and snake_case_name stays"],
    ["| Name | Age |\n", "Name, Age"],
    ["|---|:--:|\n", ""],
    ["---\n", ""],
    ["👍\n", ""],
    ["...", ""],
    ["line<br>break <b>bold</b>", "line break bold"],
    ["a \\* star", "a * star"],
    ["你好 **世界**。", "你好 世界。"],
    ["a < b and c > d", "a < b and c > d"],
  ])("says %j as %j", (text, said) => {
    expect(speak(text)).toBe(said);
  });

  it("leaves out code in blocks, over all sentences of it", () => {
    const spoken = createSpokenText();
    const text = "Do this:\n```js\nconst a = 1. \nrun();\n```\nDone.";
    const cutter = createSentenceCutter();
    const said = [...cutter.push(text), ...cutter.end()].map((sentence) => spoken.next(sentence));
    expect(said.join("")).toBe("Do this:Done.");
  });

  it("takes any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(speak(text)).not.toMatch(/\p{Extended_Pictographic}\ufe0f/u);
      }),
    );
  });

  it("takes hostile text in time", () => {
    const startedAt = performance.now();
    for (const piece of ["[", "![](", "|-", "<a ", "*", "> ", "-- ", "\\*", "[a](b "])
      speak(piece.repeat(500));
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
