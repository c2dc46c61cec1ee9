import { expect, test } from "vitest";
import { measureRanks } from "./rank-measures.ts";

test("counts what is found, and discounts it by its rank", () => {
  expect(measureRanks([1, 1])).toEqual({ recallAt5: 1, ndcgAt10: 1 });
  expect(measureRanks([undefined, 11])).toEqual({ recallAt5: 0, ndcgAt10: 0 });
  expect(measureRanks([3, 7])).toEqual({ recallAt5: 0.5, ndcgAt10: (0.5 + 1 / 3) / 2 });
});
