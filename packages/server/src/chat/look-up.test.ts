import type { FoundPassage } from "@llm-backend/knowledge";
import fc from "fast-check";
import { expect, it } from "vitest";
import { toContextMessage } from "../knowledge/to-context-message.ts";
import { fitPassages } from "./look-up.ts";
import { estimateMessageTokens } from "./token-estimate.ts";

function toFound(content: string, passageId: number): FoundPassage {
  return {
    passageId,
    baseId: "kb_1",
    documentId: "doc_1",
    documentName: "notes.md",
    passage: { position: 0, start: 0, end: content.length, headings: ["A"], content },
    score: 1,
    highlights: [],
  };
}

it("of what was found, as many of the best passages fit as the message has room for, and no more", () => {
  const contents = fc.array(fc.string({ maxLength: 400 }), { maxLength: 12 });
  fc.assert(
    fc.property(contents, fc.integer({ min: 0, max: 900 }), (texts, tokensMax) => {
      const found = texts.map(toFound);
      const fitting = fitPassages(found, tokensMax);
      expect(fitting).toEqual(found.slice(0, fitting.length));
      const cost = (some: readonly FoundPassage[]) =>
        estimateMessageTokens({ content: toContextMessage(some) ?? "" });
      // What is estimated part by part may be a little more than what is estimated as one.
      if (fitting.length > 0) expect(cost(fitting)).toBeLessThanOrEqual(tokensMax + 1);
      const next = found[fitting.length];
      if (next !== undefined) {
        expect(cost([...fitting, next])).toBeGreaterThan(tokensMax - 2 * (fitting.length + 2));
      }
    }),
  );
});
