import { describe, expect, it } from "vitest";
import { measureGrowth } from "./trend.ts";

describe("the growth of some values", () => {
  it("is what lies between the ends of a straight line", () => {
    expect(measureGrowth([5, 7, 9, 11])).toBeCloseTo(6);
    expect(measureGrowth([3, 3, 3])).toBe(0);
  });

  it("is not that of a single high or low value at the end", () => {
    expect(measureGrowth([10, 10, 10, 10, 10, 10, 10, 10, 10, 20])).toBeLessThan(6);
  });

  it("is none for a single value", () => {
    expect(measureGrowth([7])).toBe(0);
  });
});
