import type { Price } from "@llm-backend/contract";

/** US dollars for a million tokens; what is left out costs what it is a part of. */
type Dollars = {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number;
  readonly cacheWrite?: number;
  readonly audioInput?: number;
  readonly audioOutput?: number;
};

const openai: Readonly<Record<string, Dollars>> = {
  "gpt-3.5-turbo": { input: 0.5, output: 1.5 },
  "gpt-4-turbo": { input: 10, output: 30 },
  "gpt-4o": { input: 2.5, cachedInput: 1.25, output: 10 },
  "gpt-4o-mini": { input: 0.15, cachedInput: 0.075, output: 0.6 },
  "gpt-4o-audio-preview": { input: 2.5, output: 10, audioInput: 40, audioOutput: 80 },
  "gpt-4.1": { input: 2, cachedInput: 0.5, output: 8 },
  "gpt-4.1-mini": { input: 0.4, cachedInput: 0.1, output: 1.6 },
  "gpt-4.1-nano": { input: 0.1, cachedInput: 0.025, output: 0.4 },
  o1: { input: 15, cachedInput: 7.5, output: 60 },
  o3: { input: 2, cachedInput: 0.5, output: 8 },
  "o3-mini": { input: 1.1, cachedInput: 0.55, output: 4.4 },
  "o4-mini": { input: 1.1, cachedInput: 0.275, output: 4.4 },
  "gpt-5": { input: 1.25, cachedInput: 0.125, output: 10 },
  "gpt-5-mini": { input: 0.25, cachedInput: 0.025, output: 2 },
  "gpt-5-nano": { input: 0.05, cachedInput: 0.005, output: 0.4 },
  "gpt-5.1": { input: 1.25, cachedInput: 0.125, output: 10 },
  "gpt-5.2": { input: 1.75, cachedInput: 0.175, output: 14 },
  "gpt-5.4": { input: 2.5, cachedInput: 0.25, output: 15 },
  "gpt-5.4-mini": { input: 0.75, cachedInput: 0.075, output: 4.5 },
  "gpt-5.4-nano": { input: 0.2, cachedInput: 0.02, output: 1.25 },
  "gpt-5.5": { input: 5, cachedInput: 0.5, output: 30 },
  "gpt-5.5-pro": { input: 30, output: 180 },
  "gpt-5.6-sol": { input: 4, cachedInput: 0.4, output: 20 },
  "gpt-5.6-terra": { input: 2, cachedInput: 0.2, output: 12 },
  "gpt-5.6-luna": { input: 0.2, cachedInput: 0.02, output: 1.2 },
  "gpt-6-astra": { input: 10, cachedInput: 1, output: 50 },
  "gpt-6-sol": { input: 2, cachedInput: 0.2, cacheWrite: 2.5, output: 10 },
  "gpt-6-luna": { input: 0.1, cachedInput: 0.01, cacheWrite: 0.125, output: 0.5 },
  "gpt-6.1-sol": { input: 2, cachedInput: 0.1, cacheWrite: 2.5, output: 10 },
  "gpt-6.1-terra": { input: 1, cachedInput: 0.05, cacheWrite: 1.25, output: 5 },
  "text-embedding-3-small": { input: 0.02, output: 0 },
  "text-embedding-3-large": { input: 0.13, output: 0 },
};

const sonnet: Dollars = { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15 };
const firstOpus: Dollars = { input: 15, cachedInput: 1.5, cacheWrite: 18.75, output: 75 };
const opus: Dollars = { input: 5, cachedInput: 0.5, cacheWrite: 6.25, output: 25 };

const anthropic: Readonly<Record<string, Dollars>> = {
  "claude-3-5-haiku": { input: 0.8, cachedInput: 0.08, cacheWrite: 1, output: 4 },
  "claude-3-7-sonnet": sonnet,
  "claude-sonnet-4": sonnet,
  "claude-sonnet-4-0": sonnet,
  "claude-sonnet-4-5": sonnet,
  "claude-sonnet-4-6": sonnet,
  "claude-sonnet-5": { input: 2, cachedInput: 0.2, cacheWrite: 2.5, output: 10 },
  "claude-sonnet-5-5": { input: 2, cachedInput: 0.1, cacheWrite: 2.5, output: 10 },
  "claude-opus-4": firstOpus,
  "claude-opus-4-0": firstOpus,
  "claude-opus-4-1": firstOpus,
  "claude-opus-4-5": opus,
  "claude-opus-4-6": opus,
  "claude-opus-4-7": opus,
  "claude-opus-5": opus,
  "claude-opus-5-5": { input: 4, cachedInput: 0.2, cacheWrite: 5, output: 20 },
  "claude-haiku-4-5": { input: 1, cachedInput: 0.1, cacheWrite: 1.25, output: 5 },
  "claude-haiku-5-5": { input: 0.1, cachedInput: 0.01, cacheWrite: 0.125, output: 0.5 },
};

const google: Readonly<Record<string, Dollars>> = {
  "gemini-2.5-pro": { input: 1.25, output: 10 },
  "gemini-2.5-flash": { input: 0.3, output: 2.5, audioInput: 1 },
  "gemini-2.5-flash-lite": { input: 0.1, output: 0.4, audioInput: 0.3 },
  "gemini-3-flash-preview": { input: 0.5, output: 3 },
  "gemini-3.1-pro-preview": { input: 2, output: 12 },
  "gemini-3.5-flash": { input: 1.5, output: 9 },
  "gemini-3.5-flash-lite": { input: 0.3, output: 2.5 },
};

const nanosPerDollar = 1_000_000_000;

/** A model under its own name, and under that of one of its dated versions; never a sibling that costs otherwise. */
function toRows([model, dollars]: [string, Dollars]): Price[] {
  const entries = Object.entries(dollars).map(([name, amount]) => [
    name,
    Math.round(amount * nanosPerDollar),
  ]);
  const prices = Object.fromEntries(entries) as Price["prices"];
  return [model, `${model}-20*`].map((pattern) => ({ model: pattern, prices }));
}

/**
 * Defaults: list prices for standard requests, as public lists quoted the providers' own pages
 * (developers.openai.com/api/docs/pricing, platform.claude.com/docs/en/about-claude/pricing,
 * ai.google.dev/gemini-api/docs/pricing) in November 2026. Steps for long prompts, discounts and promotions are not in
 * them. Prices change: whoever bills by them sets their own. A model that is not listed has no price, which is not zero.
 */
export const defaultPrices: readonly Price[] = [openai, anthropic, google].flatMap((provider) =>
  Object.entries(provider).flatMap(toRows),
);
