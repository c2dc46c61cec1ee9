import { expect, it } from "vitest";
import { findBatch } from "./batch-texts.ts";
import { createTextLimit } from "./text-limit.ts";

it("cuts nothing before a text was refused", () => {
  const text = "x".repeat(100_000);
  expect(createTextLimit().cut(text)).toBe(text);
});

it("halves what is refused, until nothing is left to be too long", () => {
  const limit = createTextLimit();
  expect(limit.shorten("x".repeat(1001))).toHaveLength(501);
  expect(limit.shorten("x".repeat(32))).toBeUndefined();
});

it("cuts texts that are as long as one that was refused to what was taken, and leaves shorter ones", () => {
  const limit = createTextLimit();
  const shorter = limit.shorten("x".repeat(4000)) ?? "";
  limit.noteTaken(shorter);
  expect(limit.cut("y".repeat(8000))).toHaveLength(2000);
  expect(limit.cut("y".repeat(3000))).toHaveLength(3000);
  // Three times as many tokens for the same characters.
  expect(limit.cut("字".repeat(1000))).toHaveLength(500);
});

it("puts as many texts into a call as it may have, and a long one into a call of its own", () => {
  const limits = { textsMax: 3, charsMax: 10 };
  const texts = ["aaaa", "bbbb", "cc", "d", "e".repeat(50), "f"];
  expect(findBatch(texts, 0, limits)).toEqual(["aaaa", "bbbb", "cc"]);
  expect(findBatch(texts, 3, limits)).toEqual(["d"]);
  expect(findBatch(texts, 4, limits)).toEqual(["e".repeat(50)]);
  expect(findBatch(texts, 5, limits)).toEqual(["f"]);
});
