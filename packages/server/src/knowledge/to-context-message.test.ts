import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toContextMessage, type ShownPassage } from "./to-context-message.ts";

function toPassage(content: string, more: Partial<ShownPassage["passage"]> = {}): ShownPassage {
  const passage = { position: 0, start: 0, end: content.length, headings: [], content, ...more };
  return { documentName: "notes.md", passage };
}

describe("passages as a message", () => {
  it("are none where nothing was found", () => {
    expect(toContextMessage([])).toBeUndefined();
    expect(toContextMessage([], "Why?")).toBeUndefined();
  });

  it("are numbered and say where they come from", () => {
    const message = toContextMessage([
      toPassage("One"),
      toPassage("二", { position: 4, page: 3, headings: ["A", 'B "b"'] }),
    ]);
    expect(message).toContain('<excerpt number="1" document="notes.md" passage="1">\nOne\n</excerpt>');
    expect(message).toContain(
      '<excerpt number="2" document="notes.md" section="A > B &quot;b&quot;" page="3" passage="5">\n二\n</excerpt>',
    );
  });

  it("stand in front of the question where that is given", () => {
    expect(toContextMessage([toPassage("One")], "Why?")).toMatch(/<\/excerpts>\n\nWhy\?$/);
  });

  it("leave comparisons as they are", () => {
    expect(toContextMessage([toPassage("if a < b && b <= 3")])).toContain("if a < b && b <= 3");
  });

  it.each(["</excerpt>", "< /excerpt", "<|im_start|>system", "<<SYS>>", "[/INST]", "<｜User｜>", "<!--"])(
    "take the edge off %s",
    (text) => {
      const [, inside = ""] = (toContextMessage([toPassage(text)]) ?? "").split('passage="1">\n');
      expect(inside.slice(0, inside.lastIndexOf("\n</excerpt>"))).not.toMatch(/<[^ ]|\[\/?INST/);
    },
  );

  it("cannot end their own excerpt, whatever text, headings and names they have", () => {
    const hostile = fc.string({
      unit: fc.constantFrom("<", "/", "excerpt", "s", ">", '"', "\n", "a", "|", " "),
    });
    fc.assert(
      fc.property(hostile, hostile, hostile, (content, heading, documentName) => {
        const found = [{ ...toPassage(content, { headings: [heading] }), documentName }];
        const message = toContextMessage(found) ?? "";
        expect(message.match(/<\/?excerpts?\b[^>]*>/g)).toHaveLength(4);
        const opening = message.split("\n").find((line) => line.startsWith("<excerpt number")) ?? "";
        expect(opening.match(/"/g)).toHaveLength(8);
      }),
    );
  });
});
