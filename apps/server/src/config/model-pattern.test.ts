import fc from "fast-check";
import { expect, it } from "vitest";
import { isAllowed } from "./model-pattern.ts";

it("agrees with the regular expression that a pattern stands for", () => {
  const letters = (unit: string) => fc.string({ unit: fc.constantFrom(...unit), maxLength: 8 });
  fc.assert(
    fc.property(letters("ab.-"), letters("ab.-*"), (model, pattern) => {
      const source = pattern
        .split("*")
        .map((part) => part.replaceAll(".", String.raw`\.`))
        .join(".*");
      expect(isAllowed(model, [pattern])).toBe(!new RegExp(`^${source}$`, "v").test(model));
    }),
    { numRuns: 2_000 },
  );
});

it("takes any match of a list", () => {
  expect(isAllowed("gpt-4o", ["claude-*", "gpt-4"])).toBe(true);
  expect(isAllowed("gpt-4o", ["claude-*", "gpt-4*"])).toBe(false);
  expect(isAllowed("gpt-4o", [])).toBe(true);
});
