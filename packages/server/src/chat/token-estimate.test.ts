import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimateMessageTokens, estimateTokens } from "./token-estimate.ts";

describe("estimateTokens", () => {
  it.each([
    ["", 0],
    ["a", 1],
    ["abcd", 1],
    ["abcde", 2],
    ["\u4f60\u597d", 2],
    ["\u4f60\u597d abcd", 4],
    ["\u{1f600}", 2],
  ])("takes %j for %i tokens", (text, tokens) => {
    expect(estimateTokens(text)).toBe(tokens);
  });

  it("never shrinks when text is added, and is near the sum of its parts", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (one, other) => {
        const whole = estimateTokens(one + other);
        expect(whole).toBeGreaterThanOrEqual(estimateTokens(one));
        expect(estimateTokens(one) + estimateTokens(other) - whole).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("counts what a message has beside its text", () => {
    expect(estimateMessageTokens({ content: "abcd" })).toBe(5);
    expect(estimateMessageTokens({ content: "" })).toBe(4);
  });
});
