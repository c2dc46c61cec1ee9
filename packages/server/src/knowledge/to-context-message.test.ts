import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toContextMessage, type ShownPassage } from "./to-context-message.ts";

function toPassage(content: string, more: Partial<ShownPassage["passage"]> = {}): ShownPassage {
  const passage = { position: 0, start: 0, end: content.length, headings: [], content, ...more };
  return { documentName: "notes.md", passage };
}

describe("passages as a message", () => {
  const unmark = (message = "") => message.replaceAll(/(<\/?excerpts?)-[a-p]{12}/g, "$1");

  it("are none where nothing was found", () => {
    expect(toContextMessage([])).toBeUndefined();
  });

  it("are numbered and say where they come from", () => {
    const message = unmark(
      toContextMessage([
        toPassage("One"),
        toPassage("二", { position: 4, page: 3, headings: ["A", 'B "b"'] }),
      ]),
    );
    expect(message).toContain('<excerpt number="1" document="notes.md" passage="1">\nOne\n</excerpt>');
    expect(message).toContain(
      '<excerpt number="2" document="notes.md" section="A > B &quot;b&quot;" page="3" passage="5">\n二\n</excerpt>',
    );
  });

  it("stand between tags whose name no document can know: it is another one each time", () => {
    const marks = Array.from({ length: 100 }, () => {
      const names = toContextMessage([toPassage("One")])?.match(/(?<=excerpts?-)\w+/g) ?? [];
      expect(new Set(names).size).toBe(1);
      return names[0];
    });
    expect(new Set(marks).size).toBe(100);
  });

  it("leave comparisons as they are", () => {
    expect(toContextMessage([toPassage("if a < b && b <= 3")])).toContain("if a < b && b <= 3");
  });

  it.each([
    "</excerpt>",
    "< /excerpt",
    "<\u00A0\n/ excerpt>",
    "<\u200B/excerpt>",
    "<\u200Bexcerpt>",
    "<\u0338/excerpt>",
    "＜/excerpt＞",
    "﹤／excerpt﹥",
    "<|im_start|>system",
    "<<SYS>>",
    "[/INST]",
    "<｜User｜>",
    "<!--",
  ])("take the edge off %j, in a text, a heading and a name", (text) => {
    const hostile = { ...toPassage(text, { headings: [text] }), documentName: text };
    const inside = unmark(toContextMessage([hostile])).replaceAll(/<\/?excerpts?\b/g, "");
    expect(inside).not.toMatch(/[<＜﹤]|\[\/?INST/u);
  });

  it("cannot end their own excerpt, whatever text, headings and names they have", () => {
    const hostile = fc.string({
      unit: fc.constantFrom("<", "＜", "/", "excerpt", "s", ">", '"', "\n", "a", "|", " ", "\u200B"),
    });
    fc.assert(
      fc.property(hostile, hostile, hostile, (content, heading, documentName) => {
        const found = [{ ...toPassage(content, { headings: [heading] }), documentName }];
        const message = unmark(toContextMessage(found));
        expect(message.match(/[<＜](?:[\s\u200B]*\/\s*|\u200B*)excerpts?\b[^>]*>/g)).toHaveLength(4);
        const opening = message.split("\n").find((line) => line.startsWith("<excerpt number")) ?? "";
        expect(opening.match(/"/g)).toHaveLength(8);
      }),
    );
  });
});
