import type { UnitPrices, Usage } from "@llm-backend/contract";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clampUsage, computeCost, costNanosMax } from "./cost.ts";

const prices: UnitPrices = { input: 2_000_000, output: 10_000_000 };
const detailed: UnitPrices = {
  ...prices,
  cachedInput: 500_000,
  cacheWrite: 3_000_000,
  audioInput: 40_000_000,
  reasoning: 20_000_000,
  audioOutput: 80_000_000,
  request: 7,
};

const amount = fc.integer({ min: 0, max: 200_000_000_000 });
const anyPrices = fc.record(
  {
    input: amount,
    output: amount,
    cachedInput: amount,
    cacheWrite: amount,
    audioInput: amount,
    reasoning: amount,
    audioOutput: amount,
    request: amount,
  },
  { requiredKeys: ["input", "output"] },
);
const tokens = fc.integer({ min: 0, max: 10_000_000 });
const details = {
  cachedTokens: tokens,
  cacheWriteTokens: tokens,
  audioInputTokens: tokens,
  reasoningTokens: tokens,
  audioOutputTokens: tokens,
};
const anyUsage = fc.record(
  { promptTokens: tokens, completionTokens: tokens, ...details },
  { requiredKeys: ["promptTokens", "completionTokens"] },
);

describe("computeCost", () => {
  it.each<[string, Usage, number]>([
    ["nothing", { promptTokens: 0, completionTokens: 0 }, 7],
    ["fresh input and plain output", { promptTokens: 100, completionTokens: 10 }, 7 + 200 + 100],
    ["cached input", { promptTokens: 100, cachedTokens: 40 }, 7 + 60 * 2 + 40 * 0.5],
    ["input that was cached just now", { promptTokens: 100, cacheWriteTokens: 100 }, 7 + 300],
    [
      "audio both ways",
      { promptTokens: 10, audioInputTokens: 4, completionTokens: 9, audioOutputTokens: 9 },
      7 + 12 + 160 + 720,
    ],
    ["reasoning", { promptTokens: 0, completionTokens: 10, reasoningTokens: 6 }, 7 + 4 * 10 + 6 * 20],
    ["parts that are counted beside the whole", { promptTokens: 1, cachedTokens: 10 }, 7 + 5],
    ["a fraction of a nano-dollar, rounded up", { promptTokens: 1, cachedTokens: 1 }, 7 + 1],
  ])("knows the price of %s", (_, usage, nanos) => {
    expect(computeCost(detailed, usage)).toBe(nanos);
  });

  it("takes the price of the whole for a part that has none", () => {
    const usage = { promptTokens: 100, cachedTokens: 60, completionTokens: 50, reasoningTokens: 50 };
    expect(computeCost(prices, usage)).toBe(200 + 500);
  });

  it("knows no price without a price or without a count, which is not zero", () => {
    expect(computeCost(undefined, { promptTokens: 1 })).toBeUndefined();
    expect(computeCost(prices, {})).toBeUndefined();
    expect(computeCost(detailed, {})).toBe(7);
  });

  it("is an integer within bounds, whatever the prices and the counts", () => {
    const wild = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.constantFrom(1e308, -1, Infinity, Number.NaN));
    const wildPrices = fc.record({ input: wild, output: wild, cachedInput: wild, request: wild });
    const wildUsage = fc.record({ promptTokens: wild, completionTokens: wild, cachedTokens: wild });
    fc.assert(
      fc.property(wildPrices, wildUsage, (unit, usage) => {
        const cost = computeCost(unit, usage);
        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(cost).toBeGreaterThanOrEqual(0);
        expect(cost).toBeLessThanOrEqual(costNanosMax);
      }),
    );
  });

  it("never falls when there are more tokens, or when a token costs more", () => {
    fc.assert(
      fc.property(anyPrices, anyUsage, tokens, (unit, usage, more) => {
        const cost = computeCost(unit, usage) ?? 0;
        for (const name of ["promptTokens", "completionTokens"] as const)
          expect(computeCost(unit, { ...usage, [name]: usage[name] + more })).toBeGreaterThanOrEqual(cost);
        for (const name of ["input", "output"] as const)
          expect(computeCost({ ...unit, [name]: unit[name] + more }, usage)).toBeGreaterThanOrEqual(cost);
      }),
    );
  });

  it("is the same for one long answer as for its tokens one by one, but for rounding", () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 1, max: 100 }), (output, count) => {
        const whole = computeCost({ input: 0, output }, { completionTokens: count }) ?? 0;
        const single = computeCost({ input: 0, output }, { completionTokens: 1 }) ?? 0;
        expect(single * count - whole).toBeGreaterThanOrEqual(0);
        expect(single * count - whole).toBeLessThan(count);
      }),
    );
  });
});

describe("clampUsage", () => {
  it("leaves what a request can have as it is, and absent counts absent", () => {
    fc.assert(
      fc.property(anyUsage, (usage) => {
        expect(clampUsage(usage)).toEqual(usage);
      }),
    );
    expect(clampUsage({ promptTokens: 1 })).toEqual({ promptTokens: 1 });
  });

  it("brings absurd counts to where sums of them stay exact [U38]", () => {
    const absurd = { promptTokens: 1e308, completionTokens: -5, cachedTokens: Number.NaN };
    expect(clampUsage(absurd)).toEqual({ promptTokens: 1e10, completionTokens: 0, cachedTokens: 0 });
  });
});
