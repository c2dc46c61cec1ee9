import { DomainError } from "@llm-backend/contract";
import type { KeyLimits } from "./access.ts";
import { formatDuration, toRateLimitHeaders } from "./rate-limit-headers.ts";
import { createRateWindow, type RateWindow } from "./rate-window.ts";

/** A request that was let in. */
export type Held = {
  readonly headers: Readonly<Record<string, string>>;
  /** The request has ended, and used so many tokens; undefined where nobody knows: then the estimate stands. */
  release(tokensUsed: number | undefined): void;
  /** The request never began: it counts for nothing. */
  cancel(): void;
};

/** Counts what keys use within a minute, and at a time. */
export type KeyLimiter = {
  /**
   * Lets a request in, and counts it.
   *
   * @throws DomainError `rate_limited`, with the limit, and when it lets the request in.
   */
  take(keyId: string, limits: KeyLimits, tokens: TokenEstimate): Held;
  /** The headers that say how much is left. */
  show(keyId: string, limits: KeyLimits): Readonly<Record<string, string>>;
  /** How many keys are remembered. */
  readonly size: number;
};

/** What a request is expected to need. */
export type TokenEstimate = { readonly prompt: number; readonly completion: number };

type State = { readonly requests: RateWindow; readonly tokens: RateWindow; running: number };

/** When a stream will end is not known: its place is worth another look after this time. */
const concurrentRetryMs = 1000;

/**
 * Creates the limiter. It counts in memory, for this process. Keys that have not been used for a minute are forgotten
 * when there are more than `keysMax`, so that it is as large as the keys in use are many.
 */
export function createKeyLimiter(options: { now: () => number; keysMax: number }): KeyLimiter {
  const { now } = options;
  const states = new Map<string, State>();

  function find(keyId: string): State {
    let state = states.get(keyId);
    if (state === undefined) {
      if (states.size >= options.keysMax) forgetIdle();
      const at = now();
      state = { requests: createRateWindow(at), tokens: createRateWindow(at), running: 0 };
      states.set(keyId, state);
    }
    return state;
  }

  function forgetIdle(): void {
    const at = now();
    for (const [keyId, state] of states) {
      const isIdle = state.running === 0 && state.requests.used(at) === 0 && state.tokens.used(at) === 0;
      if (isIdle) states.delete(keyId);
    }
  }

  function take(keyId: string, limits: KeyLimits, estimate: TokenEstimate): Held {
    const state = find(keyId);
    const at = now();
    const tokens = requireRoom(state, { limits, estimate, at });
    state.running++;
    const marks = { requests: state.requests.add(1, at), tokens: state.tokens.add(tokens, at) };
    let isOver = false;
    const end = (correct: () => void) => {
      if (isOver) return;
      isOver = true;
      state.running--;
      correct();
    };
    return {
      headers: toHeaders(state, limits, at),
      release: (used = tokens) =>
        end(() => {
          if (used < tokens) state.tokens.takeBack(tokens - used, marks.tokens);
          // What came beyond the estimate was used just now.
          if (used > tokens) state.tokens.add(used - tokens, now());
        }),
      cancel: () =>
        end(() => {
          state.requests.takeBack(1, marks.requests);
          state.tokens.takeBack(tokens, marks.tokens);
        }),
    };
  }

  return {
    take,
    show: (keyId, limits) => toHeaders(find(keyId), limits, now()),
    get size() {
      return states.size;
    },
  };
}

/** Refuses what exceeds a limit; answers with the tokens to count. */
function requireRoom(
  state: State,
  { limits, estimate, at }: { limits: KeyLimits; estimate: TokenEstimate; at: number },
): number {
  const { concurrentMax, requestsPerMinute, tokensPerMinute } = limits;
  if (concurrentMax !== null && state.running >= concurrentMax) {
    throw refuseConcurrent(concurrentMax);
  }
  if (requestsPerMinute !== null) {
    const waitMs = state.requests.waitMs(1, requestsPerMinute, at) ?? 0;
    if (waitMs > 0) throw refuseRate(limits, { which: "requests", waitMs });
  }
  const counted = toCountedTokens(limits, estimate);
  if (tokensPerMinute === null) return counted;
  if (estimate.prompt > tokensPerMinute) {
    const sentence = `This key allows ${tokensPerMinute} tokens per minute, and the prompt alone has about ${estimate.prompt}.`;
    throw new DomainError("rate_limited", sentence);
  }
  const waitMs = state.tokens.waitMs(counted, tokensPerMinute, at) ?? 0;
  if (waitMs > 0) throw refuseRate(limits, { which: "tokens", waitMs });
  return counted;
}

/** The tokens that a request counts for until it is known how many it has used. */
export function toCountedTokens(
  { tokensPerMinute }: KeyLimits,
  { prompt, completion }: TokenEstimate,
): number {
  // Callers ask for the longest answer there is and get a short one: what fits into no minute waits for an empty one.
  return tokensPerMinute === null ? prompt + completion : Math.min(prompt + completion, tokensPerMinute);
}

/** The refusal of a request beyond those that a key may have at a time. */
export function refuseConcurrent(concurrentMax: number): DomainError {
  return refuse(`This key allows ${concurrentMax} requests at a time`, concurrentRetryMs);
}

/** The refusal of a request that does not fit into the minute. */
export function refuseRate(
  limits: KeyLimits,
  { which, waitMs }: { which: "requests" | "tokens"; waitMs: number },
): DomainError {
  const limit = which === "requests" ? limits.requestsPerMinute : limits.tokensPerMinute;
  return refuse(`This key allows ${limit} ${which} per minute`, waitMs);
}

function refuse(limit: string, retryAfterMs: number): DomainError {
  const sentence = `${limit}; try again in ${formatDuration(retryAfterMs)}.`;
  return new DomainError("rate_limited", sentence, { details: { retryAfterMs } });
}

function toHeaders(state: State, limits: KeyLimits, now: number): Record<string, string> {
  const { requestsPerMinute, tokensPerMinute } = limits;
  return {
    ...(requestsPerMinute === null
      ? {}
      : toRateLimitHeaders("requests", { limit: requestsPerMinute, ...toUse(state.requests, now) })),
    ...(tokensPerMinute === null
      ? {}
      : toRateLimitHeaders("tokens", { limit: tokensPerMinute, ...toUse(state.tokens, now) })),
  };
}

function toUse(window: RateWindow, now: number): { used: number; resetMs: number } {
  return { used: window.used(now), resetMs: window.resetMs(now) };
}
