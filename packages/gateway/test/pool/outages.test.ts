import { expect, test } from "vitest";
import type { Slot, SlotEnding } from "../../src/pool/pool.ts";
import type { BalancePolicy } from "../../src/upstream.ts";
import { never, openPool, type PoolUnderTest } from "./open-pool.ts";

/** What became of many requests, one each millisecond. */
type Outcome = { errors: number; attempts: number; askedAt: Map<string, number[]> };

function run(
  under: PoolUnderTest,
  requests: number,
  answer: (slot: Slot, now: number) => SlotEnding,
): Outcome {
  const outcome: Outcome = { errors: 0, attempts: 0, askedAt: new Map() };
  for (let count = 0; count < requests; count++) {
    const plan = under.pool.plan({ model: "m" });
    let isAnswered = false;
    while (!isAnswered) {
      const slot = plan.next(never);
      // Whoever would have to wait to ask the same one again counts as refused here.
      if (slot === undefined || slot instanceof Promise) break;
      const ending = answer(slot, under.now());
      outcome.attempts++;
      const times = outcome.askedAt.get(slot.upstream.id) ?? [];
      outcome.askedAt.set(slot.upstream.id, times);
      times.push(under.now());
      slot.end(ending);
      isAnswered = ending.outcome === "done";
    }
    if (!isAnswered) outcome.errors++;
    under.wait(1);
  }
  return outcome;
}

const done: SlotEnding = { outcome: "done", firstTokenMs: 20 };

/** A chance that is the same every time. */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const sizes: readonly (readonly [BalancePolicy, requests: number])[] = [
  ["order", 100_000],
  ["round_robin", 30_000],
  ["random", 30_000],
  ["p2c", 30_000],
  ["least_latency", 30_000],
];
for (const [policy, requests] of sizes) {
  test(`U34: one of three fails half of the requests: nobody sees it (${policy})`, () => {
    const chance = chanceOf(7);
    const under = openPool(["a", "b", "c"], { policy, random: chanceOf(1) });
    const { errors, attempts } = run(under, requests, ({ upstream }) =>
      upstream.id === "a" && chance() < 0.5 ? { outcome: "server_error" } : done,
    );
    expect(errors).toBe(0);
    expect(attempts).toBeLessThanOrEqual(1.2 * requests);
  });

  test(`U34: one of three is on for five seconds and off for five: nobody sees it (${policy})`, () => {
    const under = openPool(["a", "b", "c"], { policy, random: chanceOf(2) });
    const { errors, attempts } = run(under, requests, ({ upstream }, now) =>
      upstream.id === "a" && Math.floor(now / 5000) % 2 === 1 ? { outcome: "connect_failed" } : done,
    );
    expect(errors).toBe(0);
    expect(attempts).toBeLessThan(1.02 * requests);
  });
}

test("U34: an upstream that fails is out within a second", () => {
  const under = openPool(["a", "b"], { policy: "round_robin" });
  const { askedAt } = run(under, 9000, ({ upstream }) =>
    upstream.id === "a" ? { outcome: "first_byte_timeout" } : done,
  );
  expect(askedAt.get("a")).toHaveLength(5);
});

test("U35: everybody is out: the rest is refused at once; who is back is seen within a second", () => {
  const under = openPool(["a", "b", "c"]);
  const start = under.now();
  const backAt = start + 20_000;
  const seen: number[] = [];
  const { attempts, askedAt, errors } = run(under, 25_000, ({ upstream }, now) => {
    if (upstream.id !== "b" || now < backAt) return { outcome: "connect_failed" };
    seen.push(now);
    return done;
  });
  expect(seen[0]).toBeLessThan(backAt + 1000);
  expect(errors).toBeLessThan(21_000);
  // Five each until the breakers opened, and one a second at each of them since.
  expect(attempts - seen.length).toBeLessThan(3 * 5 + 3 * 25 + 5);
  const gaps = (askedAt.get("a") ?? []).slice(5).map((at, position, all) => at - (all[position - 1] ?? 0));
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(1000);
});
