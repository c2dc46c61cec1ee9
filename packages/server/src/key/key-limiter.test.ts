import { DomainError } from "@llm-backend/contract";
import { describe, expect, it } from "vitest";
import type { KeyLimits } from "./access.ts";
import { createKeyLimiter } from "./key-limiter.ts";

const none: KeyLimits = {
  requestsPerMinute: null,
  tokensPerMinute: null,
  concurrentMax: null,
  budget: null,
};
const small = { prompt: 10, completion: 10 };

function openLimiter(keysMax = 100) {
  const clock = { now: Date.UTC(2026, 5, 1) };
  return { clock, limiter: createKeyLimiter({ now: () => clock.now, keysMax }) };
}

/** What a request is refused with. */
function refusalOf(take: () => unknown): { message: string; retryAfterMs: number | undefined } {
  try {
    take();
  } catch (error) {
    if (!DomainError.is(error) || error.code !== "rate_limited") throw error;
    return { message: error.message, retryAfterMs: error.details?.retryAfterMs };
  }
  throw new Error("It was let in.");
}

describe("requests per minute", () => {
  it("are let in up to the limit, and again when it was said", () => {
    const { clock, limiter } = openLimiter();
    const limits = { ...none, requestsPerMinute: 3 };
    for (let left = 2; left >= 0; left--) {
      const { headers } = limiter.take("key_1", limits, small);
      expect(headers["x-ratelimit-remaining-requests"]).toBe(String(left));
      expect(Object.keys(headers)).toHaveLength(3);
    }
    const refusal = refusalOf(() => limiter.take("key_1", limits, small));
    expect(refusal).toEqual({
      message: "This key allows 3 requests per minute; try again in 1m1s.",
      retryAfterMs: 61_000,
    });
    limiter.take("key_2", limits, small);
    clock.now += 60_999;
    expect(refusalOf(() => limiter.take("key_1", limits, small)).retryAfterMs).toBe(1);
    clock.now += 1;
    limiter.take("key_1", limits, small);
  });

  it("are not counted when they never began, however often that is said", () => {
    const { limiter } = openLimiter();
    const limits = { ...none, requestsPerMinute: 1, tokensPerMinute: 20, concurrentMax: 1 };
    const held = limiter.take("key_1", limits, small);
    held.cancel();
    held.cancel();
    held.release(0);
    const again = limiter.take("key_1", limits, small);
    expect(again.headers["x-ratelimit-remaining-requests"]).toBe("0");
    expect(() => limiter.take("key_1", limits, small)).toThrow("1 requests at a time");
  });
});

describe("tokens per minute", () => {
  const limits = { ...none, tokensPerMinute: 100 };

  it("are counted by the estimate, and corrected at the end", () => {
    const { limiter } = openLimiter();
    const held = limiter.take("key_1", limits, { prompt: 20, completion: 70 });
    expect(refusalOf(() => limiter.take("key_1", limits, small)).message).toBe(
      "This key allows 100 tokens per minute; try again in 1m1s.",
    );
    held.release(25);
    const { headers } = limiter.take("key_1", limits, { prompt: 20, completion: 50 });
    expect(headers["x-ratelimit-remaining-tokens"]).toBe("5");
  });

  it("count what came beyond the estimate, when it came", () => {
    const { clock, limiter } = openLimiter();
    const held = limiter.take("key_1", limits, small);
    clock.now += 50_000;
    held.release(110);
    clock.now += 15_000;
    // The estimate is forgotten, the excess is not.
    expect(refusalOf(() => limiter.take("key_1", limits, small)).retryAfterMs).toBe(46_000);
  });

  it("stay as estimated where nobody knows", () => {
    const { limiter } = openLimiter();
    limiter.take("key_1", limits, { prompt: 20, completion: 70 }).release(undefined);
    expect(() => limiter.take("key_1", limits, small)).toThrow("100 tokens per minute");
  });

  it("let a request that asks for more than a minute's in when nothing else was used", () => {
    const { limiter } = openLimiter();
    const held = limiter.take("key_1", limits, { prompt: 20, completion: 100_000 });
    expect(() => limiter.take("key_1", limits, small)).toThrow("100 tokens per minute");
    held.release(30);
    limiter.take("key_1", limits, small);
  });

  it("refuse a prompt that no minute has room for, and say so", () => {
    const { limiter } = openLimiter();
    expect(refusalOf(() => limiter.take("key_1", limits, { prompt: 101, completion: 0 }))).toEqual({
      message: "This key allows 100 tokens per minute, and the prompt alone has about 101.",
      retryAfterMs: undefined,
    });
  });
});

describe("requests at a time", () => {
  it("are let in up to the limit, and one more for each that ends, once", () => {
    const { limiter } = openLimiter();
    const limits = { ...none, concurrentMax: 2 };
    const held = [1, 2].map(() => limiter.take("key_1", limits, small));
    expect(refusalOf(() => limiter.take("key_1", limits, small))).toEqual({
      message: "This key allows 2 requests at a time; try again in 1s.",
      retryAfterMs: 1000,
    });
    held[0]?.release(1);
    held[0]?.release(1);
    limiter.take("key_1", limits, small);
    expect(() => limiter.take("key_1", limits, small)).toThrow("2 requests at a time");
  });
});

it("remembers no more keys than were used within a minute, and forgets none that is in use", () => {
  const { clock, limiter } = openLimiter(10);
  const limits = { ...none, concurrentMax: 1 };
  limiter.take("busy", limits, small);
  for (let index = 0; index < 1000; index++) {
    limiter.take(`key_${index}`, limits, small).release(1);
    clock.now += 10_000;
  }
  expect(limiter.size).toBeLessThanOrEqual(11);
  expect(() => limiter.take("busy", limits, small)).toThrow("1 requests at a time");
});
