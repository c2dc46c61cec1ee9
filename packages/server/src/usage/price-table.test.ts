import { expect, describe, it } from "vitest";
import { defaultPrices } from "./default-prices.ts";
import { createPriceTable, type PriceLayer } from "./price-table.ts";

const cost = (input: number) => ({ input, output: 0 });
const layer = (
  source: PriceLayer["source"],
  rows: readonly (readonly [model: string, input: number, upstream?: string])[],
): PriceLayer => ({
  source,
  prices: rows.map(([model, input, upstream]) => ({
    model,
    prices: cost(input),
    ...(upstream === undefined ? {} : { upstream }),
  })),
});

describe("a price table", () => {
  it("takes the longest pattern that fits", () => {
    const table = createPriceTable([
      layer("default", [
        ["*", 1],
        ["gpt-4o-mini*", 3],
        ["gpt-4o*", 2],
      ]),
    ]);
    expect(table.find("gpt-4o-mini-2024")).toEqual(cost(3));
    expect(table.find("gpt-4o")).toEqual(cost(2));
    expect(table.find("claude")).toEqual(cost(1));
  });

  it("takes a price for the one upstream before one for all", () => {
    const table = createPriceTable([
      layer("operator", [
        ["gpt-4o", 2],
        ["*", 0, "local"],
      ]),
    ]);
    expect(table.find("gpt-4o", "local")).toEqual(cost(0));
    expect(table.find("gpt-4o", "openai")).toEqual(cost(2));
    expect(table.find("gpt-4o")).toEqual(cost(2));
  });

  it("takes the operator's before the configuration's, and both before the defaults, however short their patterns", () => {
    const table = createPriceTable([
      layer("operator", [["gpt-*", 1]]),
      layer("configuration", [
        ["gpt-4o", 2],
        ["claude-*", 3],
      ]),
      layer("default", [
        ["gpt-4o", 4],
        ["claude-x", 5],
        ["gemini", 6],
      ]),
    ]);
    expect(["gpt-4o", "claude-x", "gemini"].map((model) => table.find(model)?.input)).toEqual([1, 3, 6]);
  });

  it("knows no price for a model that nobody set one for, which is not zero", () => {
    expect(createPriceTable([layer("default", [["a", 1]])]).find("b")).toBeUndefined();
    expect(createPriceTable([layer("default", [["a", 1]])]).findAll("b")).toEqual([]);
  });

  it("names every price that a model may have, one for each upstream with its own", () => {
    const table = createPriceTable([
      layer("operator", [
        ["m", 1],
        ["m", 5, "dear"],
        ["other", 9, "else"],
      ]),
    ]);
    expect(table.findAll("m").map(({ input }) => input)).toEqual([1, 5, 1]);
  });

  it("answers the same after any number of other questions", () => {
    const table = createPriceTable([
      layer("operator", [
        ["m", 1],
        ["m", 5, "dear"],
      ]),
    ]);
    for (let index = 0; index < 5000; index++) table.find(`model-${index}`);
    expect(table.find("m", "dear")).toEqual(cost(5));
    expect(table.find("model-1")).toBeUndefined();
  });
});

describe("the default prices", () => {
  const table = createPriceTable([{ source: "default", prices: defaultPrices }]);

  it("are whole nano-dollars, and never dearer when cached", () => {
    for (const { prices } of defaultPrices) {
      for (const amount of Object.values(prices)) expect(Number.isSafeInteger(amount)).toBe(true);
      expect(prices.cachedInput ?? 0).toBeLessThanOrEqual(prices.input);
    }
  });

  it("know dated versions, and guess nothing about siblings", () => {
    expect(table.find("gpt-4o-2024-08-06")).toEqual({
      input: 2_500_000_000,
      cachedInput: 1_250_000_000,
      output: 10_000_000_000,
    });
    expect(table.find("gpt-4o-mini-2024-07-18")?.input).toBe(150_000_000);
    for (const model of ["gpt-4o-something", "gpt-7", "claude-opus-9", "my-own-model"])
      expect(table.find(model)).toBeUndefined();
  });
});
