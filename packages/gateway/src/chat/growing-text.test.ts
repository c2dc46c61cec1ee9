import fc from "fast-check";
import { expect, it } from "vitest";
import { createGrowingText } from "./growing-text.ts";

it("is what was added, at every length", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 1000 }), fc.nat(1000), (pieces, readAt) => {
      const text = createGrowingText();
      for (const [index, piece] of pieces.entries()) {
        if (index === readAt) expect(text.read()).toBe(pieces.slice(0, index).join(""));
        text.add(piece);
      }
      expect(text.read()).toBe(pieces.join(""));
    }),
  );
});
