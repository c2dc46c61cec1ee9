import { expect, test } from "vitest";
import { ModelIndex } from "./model-index.ts";

test("results are kept for the 256 models of late", () => {
  const index = new ModelIndex([]);
  const first = index.find("model-0");
  for (let count = 1; count < 256; count++) index.find(`model-${count}`);
  expect(index.find("model-0")).toBe(first);
  for (let count = 256; count < 10_000; count++) index.find(`model-${count}`);
  expect(index.kept).toBe(256);
  expect(index.find("model-0")).not.toBe(first);
});
