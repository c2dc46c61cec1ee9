import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LlmBackendError } from "../error/llm-backend-error.ts";
import { createBackoff } from "./backoff.ts";

const lost = new LlmBackendError("network", "gone", { retryable: true });

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a backoff", () => {
  it("doubles its waits up to the longest one", () => {
    const backoff = createBackoff({ delayMsFirst: 100, delayMsMax: 1000 });
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.next(lost))).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(backoff.attempt).toBe(6);
  });

  it("spreads them, by half at most", () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    expect(createBackoff({ delayMsFirst: 100 }).next(lost)).toBe(50);
  });

  it("begins again after something was received", () => {
    const backoff = createBackoff({ attemptsMax: 2, delayMsFirst: 100 });
    backoff.next(lost);
    backoff.next(lost);
    backoff.reset();
    expect(backoff.next(lost)).toBe(100);
  });

  it("gives up after as many tries in a row as it was told", () => {
    const backoff = createBackoff({ attemptsMax: 2 });
    expect([1, 2, 3].map(() => backoff.next(lost) === undefined)).toEqual([false, false, true]);
    expect(createBackoff({ attemptsMax: 0 }).next(lost)).toBeUndefined();
  });

  it("gives up when the next try would come too late", () => {
    const backoff = createBackoff({ elapsedMsMax: 250, delayMsFirst: 100 });
    expect(backoff.next(lost)).toBe(100);
    vi.advanceTimersByTime(100);
    expect(backoff.next(lost)).toBeUndefined();
    backoff.reset();
    expect(backoff.next(lost)).toBe(100);
  });

  it("waits for as long as the server says, but not for ever", () => {
    const busy = (retryAfterMs: number) =>
      new LlmBackendError("overloaded", "busy", { retryable: true, retryAfterMs });
    const backoff = createBackoff({ delayMsFirst: 100 });
    expect(backoff.next(busy(5000))).toBe(5000);
    expect(backoff.next(busy(1e12))).toBe(60_000);
    expect(backoff.next(busy(1))).toBe(400);
  });

  it("does not try again what would fail again", () => {
    expect(createBackoff().next(new LlmBackendError("not_found", "no"))).toBeUndefined();
  });

  it("asks a server that fails by itself three times more, not thirty", () => {
    const backoff = createBackoff();
    const broken = new LlmBackendError("internal", "Internal error", { retryable: true });
    expect([1, 2, 3, 4].map(() => backoff.next(broken) === undefined)).toEqual([false, false, false, true]);
  });
});
