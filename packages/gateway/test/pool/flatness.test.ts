import { expect, test } from "vitest";
import type { BalancePolicy, Upstream } from "../../src/upstream.ts";
import { never, nextOf, openPool, upstreamOf } from "./open-pool.ts";

const manyOf = (count: number, rest: Partial<Upstream> = {}): Upstream[] =>
  Array.from({ length: count }, (_, number) => upstreamOf(`u${number}`, rest));

/** How often upstreams are looked at for a number of requests, each of which the first upstream answers. */
function countLooks(upstreams: readonly Upstream[], policy: BalancePolicy): number {
  const under = openPool(upstreams, { policy, random: Math.random });
  let looks = 0;
  for (let count = 0; count < 100; count++) {
    const mayUse = (): boolean => {
      looks++;
      return true;
    };
    nextOf(under.pool.plan({ model: "m", mayUse }))?.end({ outcome: "done", firstTokenMs: 5 });
  }
  return looks;
}

for (const policy of ["order", "random", "round_robin", "weighted", "p2c", "main", "least_latency"] as const)
  test(`${policy}: as many upstreams are looked at among a thousand as among ten`, () => {
    expect(countLooks(manyOf(1000), policy)).toBe(countLooks(manyOf(10), policy));
  });

/** A chance that counts how often it is asked. */
function counting(): { random: () => number; asked: () => number } {
  let asked = 0;
  return { random: () => (asked++, 0.5), asked: () => asked };
}

test("shuffling costs as many draws as candidates are asked", () => {
  for (const size of [10, 1000]) {
    const { random, asked } = counting();
    const plan = openPool(manyOf(size), { policy: "random", random }).pool.plan({ model: "m" });
    for (let count = 0; count < 5; count++) nextOf(plan)?.end({ outcome: "rejected" });
    expect(asked()).toBe(5);
  }
});

/** Lets the number of times be counted that anybody reads which models an upstream serves, or what they cost. */
function watch(upstreams: readonly Upstream[]): { upstreams: Upstream[]; reads: () => number } {
  let reads = 0;
  const watched = upstreams.map((upstream) =>
    Object.defineProperty({ ...upstream }, "weight", {
      get: () => {
        reads++;
        return 1;
      },
    }),
  );
  return { upstreams: watched, reads: () => reads };
}

test("weights are added up once for a list, not for each request", () => {
  const { upstreams, reads } = watch(manyOf(1000));
  const under = openPool(upstreams, { policy: "weighted", random: Math.random });
  for (let count = 0; count < 50; count++) nextOf(under.pool.plan({ model: "m" }))?.end({ outcome: "done" });
  expect(reads()).toBe(1000);
});

test("what was found for a model is remembered for a bounded number of models, until the list changes", () => {
  const under = openPool(manyOf(3));
  const groupsOf = (model: string): number => {
    let looks = 0;
    const plan = under.pool.plan({ model, mayUse: () => looks++ >= 0 });
    nextOf(plan)?.end({ outcome: "done" });
    return looks;
  };
  for (let count = 0; count < 2000; count++) expect(groupsOf(`model-${count}`)).toBe(2);
  under.pool.replace([upstreamOf("new", { models: ["model-1"] })]);
  expect(nextOf(under.pool.plan({ model: "model-1" }))?.upstream.id).toBe("new");
  expect(() => under.pool.plan({ model: "model-2" })).toThrow("No upstream serves");
});

test("a thousand upstreams that are all out refuse a request without a timer and without waiting", () => {
  const under = openPool(manyOf(1000, { models: ["m"] }), { breaker: { failuresInARow: 1 } });
  const all = under.pool.plan({ model: "m" });
  for (let slot = nextOf(all); slot !== undefined; slot = nextOf(all))
    slot.end({ outcome: "first_byte_timeout" });
  expect(under.pool.health().every(({ breaker }) => breaker === "open")).toBe(true);
  const plan = under.pool.plan({ model: "m" });
  expect(plan.next(never)).toBeUndefined();
  expect(plan.refusal).toEqual({ reason: "resting", retryAfterMs: 1000 });
});
