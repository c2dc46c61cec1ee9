import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AttemptOutcome } from "../../src/attempt/attempt-ports.ts";
import { defaultPoolSettings } from "../../src/pool/pool-settings.ts";
import type { Plan, Slot } from "../../src/pool/pool.ts";
import { RetryBudget } from "../../src/pool/retry-budget.ts";
import { never, nextOf, openPool, upstreamOf } from "./open-pool.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Waits with the plan, and tells for how long. */
async function waitWith(plan: Plan, signal = never): Promise<{ slot: Slot | undefined; ms: number }> {
  const next = Promise.resolve(plan.next(signal));
  let isOver = false;
  void next.finally(() => (isOver = true));
  let ms = 0;
  await vi.advanceTimersByTimeAsync(0);
  for (; !isOver; ms += 10) await vi.advanceTimersByTimeAsync(10);
  return { slot: await next, ms };
}

const passing: readonly AttemptOutcome[] = [
  "server_error",
  "overloaded",
  "reset",
  "connect_failed",
  "truncated",
];
const lasting: readonly AttemptOutcome[] = [
  "connect_timeout",
  "first_byte_timeout",
  "first_token_timeout",
  "idle_timeout",
  "protocol_error",
  "error_in_stream",
  "too_large",
  "rejected",
  "auth",
  "rate_limited",
  "quota",
];

for (const outcome of passing)
  test(`${outcome}: the only upstream is asked a second time, after a pause, and not a third time`, async () => {
    const under = openPool(["a"], { random: () => 0.5 });
    const plan = under.pool.plan({ model: "m" });
    nextOf(plan)?.end({ outcome });
    const { slot, ms } = await waitWith(plan);
    expect([slot?.upstream.id, ms]).toEqual(["a", 200]);
    slot?.end({ outcome });
    expect(nextOf(plan)).toBeUndefined();
    expect(plan.refusal.reason).toBe("exhausted");
  });

for (const outcome of lasting)
  test(`${outcome}: the same upstream is not asked twice`, () => {
    const under = openPool(["a"]);
    const plan = under.pool.plan({ model: "m" });
    nextOf(plan)?.end({ outcome });
    expect(nextOf(plan)).toBeUndefined();
  });

test("nobody is asked a second time while somebody has not been asked at all", async () => {
  const under = openPool(["a", "b"]);
  const plan = under.pool.plan({ model: "m" });
  nextOf(plan)?.end({ outcome: "first_byte_timeout" });
  const second = nextOf(plan);
  expect(second?.upstream.id).toBe("b");
  second?.end({ outcome: "server_error" });
  const third = await waitWith(plan);
  expect(third.slot?.upstream.id).toBe("b");
  third.slot?.end({ outcome: "server_error" });
  expect(nextOf(plan)).toBeUndefined();
});

test("the second time another key is used, where there is one", async () => {
  const under = openPool([upstreamOf("a", { keys: ["sk-key-aaaa", "sk-key-bbbb"] })]);
  const plan = under.pool.plan({ model: "m" });
  nextOf(plan)?.end({ outcome: "server_error" });
  const { slot } = await waitWith(plan);
  expect(slot?.key).toBe("sk-key-bbbb");
});

test("an upstream that says when to come back is not asked again before that", async () => {
  const under = openPool(["a"], { random: () => 0 });
  const soon = under.pool.plan({ model: "m" });
  nextOf(soon)?.end({ outcome: "overloaded", retryAfterMs: 250 });
  expect((await waitWith(soon)).ms).toBe(250);
  const late = under.pool.plan({ model: "m" });
  nextOf(late)?.end({ outcome: "overloaded", retryAfterMs: 301 });
  expect(nextOf(late)).toBeUndefined();
});

test("an upstream whose breaker has opened is not asked again", () => {
  const under = openPool(["a"]);
  for (let count = 0; count < 4; count++)
    nextOf(under.pool.plan({ model: "m" }))?.end({ outcome: "server_error" });
  const plan = under.pool.plan({ model: "m" });
  nextOf(plan)?.end({ outcome: "server_error" });
  expect(nextOf(plan)).toBeUndefined();
});

test("the pause ends when the caller leaves, and takes nothing", async () => {
  const under = openPool(["a"]);
  const plan = under.pool.plan({ model: "m" });
  nextOf(plan)?.end({ outcome: "server_error" });
  const controller = new AbortController();
  const waiting = plan.next(controller.signal);
  controller.abort();
  expect(await waiting).toBeUndefined();
  expect(under.healthOf("a").inFlight).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
  expect(plan.next(controller.signal)).toBeUndefined();
});

test("an upstream that is taken out of the list during the pause is not asked again", async () => {
  const under = openPool(["a"]);
  const plan = under.pool.plan({ model: "m" });
  nextOf(plan)?.end({ outcome: "server_error" });
  const waiting = waitWith(plan);
  under.pool.replace([upstreamOf("b")]);
  expect((await waiting).slot).toBeUndefined();
});

/** Requests that all fail at everybody, on breakers that never open; how often each upstream is asked. */
async function storm(
  upstreams: readonly string[],
  requests: number,
  outcome: AttemptOutcome,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const under = openPool(upstreams, {
    breaker: { failuresInARow: Number.POSITIVE_INFINITY, requestsMin: Number.POSITIVE_INFINITY },
    retry: { pauseMsMin: 0, pauseMsMax: 0 },
  });
  for (let count = 0; count < requests; count++) {
    const plan = under.pool.plan({ model: "m" });
    for (let { slot } = await waitWith(plan); slot !== undefined; { slot } = await waitWith(plan)) {
      counts[slot.upstream.id] = (counts[slot.upstream.id] ?? 0) + 1;
      slot.end({ outcome });
    }
  }
  return counts;
}

test("U09: on a bad day there are at most a fifth more attempts than requests", async () => {
  const counts = await storm(["a"], 1000, "server_error");
  expect(counts["a"]).toBeGreaterThan(1195);
  expect(counts["a"]).toBeLessThanOrEqual(1200);
  const several = await storm(["a", "b", "c"], 1000, "server_error");
  expect(Object.values(several).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(1200);
});

test("with few requests, a few more attempts than that are made: five for each candidate", async () => {
  expect(await storm(["a"], 20, "server_error")).toEqual({ a: 25 });
});

test("a candidate that has done nothing wrong is asked, whatever was spent", () => {
  const under = openPool(["a", "b", "c"], {
    breaker: { failuresInARow: Number.POSITIVE_INFINITY, requestsMin: Number.POSITIVE_INFINITY },
  });
  for (let count = 0; count < 500; count++) {
    const plan = under.pool.plan({ model: "m" });
    nextOf(plan)?.end({ outcome: "first_byte_timeout" });
    const second = nextOf(plan);
    expect(second?.upstream.id).toBe("b");
    second?.end({ outcome: "done" });
  }
  const plan = under.pool.plan({ model: "m" });
  nextOf(plan)?.end({ outcome: "first_byte_timeout" });
  nextOf(plan)?.end({ outcome: "first_byte_timeout" });
  expect(nextOf(plan)?.upstream.id).toBe("c");
});

test("the budget is spent and comes back with time", () => {
  const budget = new RetryBudget(defaultPoolSettings.retry);
  for (let count = 0; count < 5; count++) {
    expect(budget.allows(0, 1)).toBe(true);
    budget.countRetry(0);
  }
  expect(budget.allows(0, 1)).toBe(false);
  expect(budget.allows(0, 2)).toBe(true);
  expect(budget.allows(9999, 1)).toBe(false);
  expect(budget.allows(10_000, 1)).toBe(true);
});

test("what the budget allows never exceeds the greatest of its three limits", () => {
  const event = fc.record({ isRetry: fc.boolean(), afterMs: fc.integer({ min: 0, max: 3000 }) });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), fc.integer({ min: 1, max: 4 }), (events, candidates) => {
      const budget = new RetryBudget(defaultPoolSettings.retry);
      const requests: number[] = [];
      const retries: number[] = [];
      let now = 0;
      for (const { isRetry, afterMs } of events) {
        now += afterMs;
        if (!isRetry) {
          budget.countRequest(now);
          requests.push(now);
        } else if (budget.allows(now, candidates)) {
          budget.countRetry(now);
          retries.push(now);
        }
        // Ten steps of a second each: what is younger than nine seconds is in the window for certain.
        const within = (times: readonly number[], ms: number): number =>
          times.filter((time) => time > now - ms).length;
        const limit = Math.max(3, 5 * candidates, 0.2 * within(requests, 19_000));
        expect(within(retries, 9000)).toBeLessThanOrEqual(Math.ceil(limit));
      }
    }),
  );
});
