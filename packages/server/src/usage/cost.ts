import type { UnitPrices, Usage } from "@llm-backend/contract";

/** No single request costs more than 10,000 dollars; a provider that says so is wrong. */
export const costNanosMax = 10_000_000_000_000;
/** No single request has more tokens of a class. */
const tokensMax = 10_000_000_000;
const tokensPerPrice = 1_000_000n;

/**
 * What an answer costs, in nano-dollars, rounded up: an integer from 0 to {@link costNanosMax}. Cached, written and
 * spoken tokens are parts of the prompt, reasoning and spoken ones parts of the completion, each with its own price.
 * Undefined where no price is known, or nobody counted the tokens that it is for.
 */
export function computeCost(prices: UnitPrices | undefined, usage: Usage): number | undefined {
  if (prices === undefined) return undefined;
  const hasTokens = usage.promptTokens !== undefined || usage.completionTokens !== undefined;
  if (!hasTokens) return prices.request === undefined ? undefined : clamp(prices.request, costNanosMax);
  const { input, output } = prices;
  const cached = count(usage.cachedTokens);
  const written = count(usage.cacheWriteTokens);
  const heard = count(usage.audioInputTokens);
  const thought = count(usage.reasoningTokens);
  const spoken = count(usage.audioOutputTokens);
  const total =
    toPrice(input) * toRest(count(usage.promptTokens), cached + written + heard) +
    toPrice(prices.cachedInput ?? input) * cached +
    toPrice(prices.cacheWrite ?? input) * written +
    toPrice(prices.audioInput ?? input) * heard +
    toPrice(output) * toRest(count(usage.completionTokens), thought + spoken) +
    toPrice(prices.reasoning ?? output) * thought +
    toPrice(prices.audioOutput ?? output) * spoken;
  const nanos = (total + tokensPerPrice - 1n) / tokensPerPrice + toPrice(prices.request ?? 0);
  return clamp(Number(nanos), costNanosMax);
}

/** A usage with every count within what a request can have: sums of many stay exact. */
export function clampUsage(usage: Usage): Usage {
  const clamped: Usage = {};
  for (const name in usage) {
    const value = usage[name as keyof Usage];
    if (value !== undefined) clamped[name as keyof Usage] = clamp(value, tokensMax);
  }
  return clamped;
}

/** An integer from 0 to a maximum, out of any number; what is none counts for nothing. */
function clamp(value: number, max: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(Math.ceil(value), 0), max);
}

const count = (tokens: number | undefined): bigint => BigInt(clamp(tokens ?? 0, tokensMax));
const toPrice = (nanos: number): bigint => BigInt(clamp(nanos, Number.MAX_SAFE_INTEGER));
// A provider whose parts are more than the whole counts them beside it: then nothing is left over.
const toRest = (whole: bigint, parts: bigint): bigint => (whole > parts ? whole - parts : 0n);
