import fc from "fast-check";
import { expect, test } from "vitest";
import { matchesPattern } from "./model-pattern.ts";

test("an asterisk stands for any run of characters, and nothing else is special", () => {
  expect(matchesPattern("gpt-*", "gpt-4o")).toBe(true);
  expect(matchesPattern("gpt-*", "gpt-")).toBe(true);
  expect(matchesPattern("*-mini", "gpt-4o-mini")).toBe(true);
  expect(matchesPattern("a*b*c", "a1b2b3c")).toBe(true);
  expect(matchesPattern("*", "")).toBe(true);
  expect(matchesPattern("gpt-4o", "gpt-4o")).toBe(true);
  expect(matchesPattern("gpt-4o", "gpt-4o-mini")).toBe(false);
  expect(matchesPattern("gpt.4", "gpt-4")).toBe(false);
  expect(matchesPattern("GPT-*", "gpt-4")).toBe(false);
});

test("agrees with a regular expression", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
  const model = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 });
  fc.assert(
    fc.property(letters, model, (pattern, name) => {
      const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(name);
      expect(matchesPattern(pattern, name)).toBe(expected);
    }),
  );
});

test("takes no longer for many stars", () => {
  const started = performance.now();
  expect(matchesPattern("*a".repeat(200), "a".repeat(5000))).toBe(true);
  expect(matchesPattern(`${"*a".repeat(200)}b`, "a".repeat(5000))).toBe(false);
  expect(performance.now() - started).toBeLessThan(200);
});
