import fc from "fast-check";
import { expect, it } from "vitest";
import { readMarkdown } from "./read-markdown.ts";

const piece = fc.constantFrom(
  "# One\n",
  "## Two ##\n",
  "Title\n===\n",
  "text ",
  "\n",
  "\n\n",
  "- item\n",
  "  1. item\n",
  "> quote\n",
  "```\ncode\n```\n",
  "    code\n",
  "| a | b |\n|---|---|\n| 1 | 2 |\n",
  "---\n",
  "<div>\n",
  "</div>",
  "[a]: b\n",
  "<!-- note -->\n",
  "***\n",
  "\t",
  "漢字。",
  "\\",
  "`",
  "~~~",
);

it("has blocks for all of its text but blanks, one behind the other", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40, size: "max" }), (pieces) => {
      const source = pieces.join("");
      const { text, blocks } = readMarkdown({ bytes: Buffer.from(source), textCharsMax: 100_000 });
      expect(text).toBe(source);
      let end = 0;
      for (const block of blocks) {
        expect(text.slice(end, block.start).trim()).toBe("");
        expect(block.start).toBeGreaterThanOrEqual(end);
        expect(block.end).toBeGreaterThan(block.start);
        ({ end } = block);
      }
      expect(text.slice(end).trim()).toBe("");
    }),
    // marked ends the last item of a list with a line break, whatever blank stands there.
    { numRuns: 500, examples: [[["- item\n", "text "]]] },
  );
});
