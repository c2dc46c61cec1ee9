import fc from "fast-check";
import { expect, test } from "vitest";
import type { BalancePolicy, Upstream } from "../../src/upstream.ts";
import { nextOf, openPool, orderOf, send, upstreamOf, wallStart } from "./open-pool.ts";

const tallyOf = (successes: number, failures: number) => ({
  successes,
  failures,
  lastSuccessAt: undefined,
  lastFailureAt: undefined,
});

/** Enough chance for many requests, the same every time. */
const chanceOf = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

/** How often each upstream is the first to be asked. */
function countFirsts(requests: number, ask: () => string | undefined): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let count = 0; count < requests; count++) {
    const first = ask() ?? "nobody";
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts;
}

test("order: as listed, every time", () => {
  const under = openPool(["a", "b", "c"]);
  expect([orderOf(under), orderOf(under)]).toEqual([
    ["a", "b", "c"],
    ["a", "b", "c"],
  ]);
});

test("main: fewest failures first, among equals most successes, counted from what earlier processes saw", () => {
  const under = openPool(
    [
      upstreamOf("a", { tally: tallyOf(50, 2) }),
      upstreamOf("b", { tally: tallyOf(5, 1) }),
      upstreamOf("c", { tally: tallyOf(6, 1) }),
      upstreamOf("d", { tally: tallyOf(6, 1) }),
    ],
    { policy: "main" },
  );
  expect(orderOf(under)).toEqual(["c", "d", "b", "a"]);
  send(under, ({ upstream }) => ({ outcome: upstream.id === "c" ? "server_error" : "done" }));
  expect(orderOf(under)).toEqual(["d", "b", "a", "c"]);
});

test("main: a large pool learns of a failure within a moment", () => {
  const upstreams = Array.from({ length: 100 }, (_, number) => upstreamOf(`u${number}`));
  const under = openPool(upstreams, { policy: "main" });
  expect(send(under)).toEqual(["u0"]);
  send(under, ({ upstream }) => ({ outcome: upstream.id === "u0" ? "server_error" : "done" }));
  under.wait(250);
  expect(send(under)).toEqual(["u1"]);
});

test("round robin: each request begins one further and goes round", () => {
  const under = openPool(["a", "b", "c"], { policy: "round_robin" });
  expect([orderOf(under), orderOf(under), orderOf(under), send(under)]).toEqual([
    ["a", "b", "c"],
    ["b", "c", "a"],
    ["c", "a", "b"],
    ["a"],
  ]);
});

test("random: everybody first equally often, and everybody in the end", () => {
  const under = openPool(["a", "b", "c", "d"], { policy: "random", random: chanceOf(1) });
  const counts = countFirsts(4000, () => send(under)[0]);
  for (const count of Object.values(counts)) expect(Math.abs(count - 1000)).toBeLessThan(120);
  expect(orderOf(under).toSorted()).toEqual(["a", "b", "c", "d"]);
});

test("weighted: in proportion, and whoever has no weight when there is nobody else", () => {
  const weights = { a: 6, b: 3, c: 1, d: 0 };
  const under = openPool(
    Object.entries(weights).map(([id, weight]) => upstreamOf(id, { weight })),
    { policy: "weighted", random: chanceOf(2) },
  );
  const counts = countFirsts(5000, () => send(under)[0]);
  expect(counts["d"]).toBeUndefined();
  for (const id of ["a", "b", "c"] as const)
    expect(Math.abs((counts[id] ?? 0) - 500 * weights[id])).toBeLessThan(150);
  expect(orderOf(under).at(-1)).toBe("d");
});

test("weighted: the second to be asked is chosen by weight among the rest", () => {
  const under = openPool(
    [upstreamOf("a", { weight: 90 }), upstreamOf("b", { weight: 8 }), upstreamOf("c", { weight: 2 })],
    { policy: "weighted", random: chanceOf(3) },
  );
  const seconds = countFirsts(3000, () => orderOf(under).find((id) => id !== "a"));
  expect(Math.abs((seconds["b"] ?? 0) - 2400)).toBeLessThan(120);
});

test("least latency: who is not known is tried, but not by everyone at once; then the quickest", () => {
  const under = openPool(["a", "b", "c"], { policy: "least_latency" });
  const latencies: Record<string, number> = { a: 300, b: 100, c: 200 };
  const waiting = [1, 2, 3].map(() => nextOf(under.pool.plan({ model: "m" })));
  expect(waiting.map((slot) => slot?.upstream.id)).toEqual(["a", "b", "c"]);
  // Everybody is being tried: nobody is preferred.
  expect(orderOf(under)).toEqual(["a", "b", "c"]);
  waiting[2]?.began(latencies["c"] ?? 0);
  expect(send(under, { outcome: "done", firstTokenMs: 200 })).toEqual(["c"]);
  for (const slot of waiting) slot?.end({ outcome: "done", firstTokenMs: latencies[slot.upstream.id] });
  expect(orderOf(under)).toEqual(["b", "c", "a"]);
});

test("least latency: a moving average, in which what is new counts three tenths, and which grows old", () => {
  const under = openPool(["a"], { policy: "least_latency" });
  send(under, { outcome: "done", firstTokenMs: 100 });
  send(under, { outcome: "done", firstTokenMs: 200 });
  expect(under.healthOf("a").firstTokenMs).toBeCloseTo(130);
  const slot = nextOf(under.pool.plan({ model: "m" }));
  slot?.began(230);
  // Told twice, counted once.
  slot?.end({ outcome: "done", firstTokenMs: 230 });
  expect(under.healthOf("a").firstTokenMs).toBeCloseTo(160);
  under.wait(600_001);
  send(under, { outcome: "done", firstTokenMs: 10 });
  expect(under.healthOf("a").firstTokenMs).toBe(10);
});

test("least latency: one that never says how quick it is is not tried first by every request", () => {
  const under = openPool(["mute", "known"], { policy: "least_latency" });
  const ask = (): string[] =>
    send(under, ({ upstream }) =>
      upstream.id === "mute" ? { outcome: "rejected" } : { outcome: "done", firstTokenMs: 50 },
    );
  expect(ask()).toEqual(["mute", "known"]);
  expect(ask()).toEqual(["known"]);
  under.wait(10_000);
  expect(ask()).toEqual(["mute", "known"]);
});

test("p2c: the one of two that has less to do, among equals the quicker one", () => {
  const under = openPool(["a", "b"], { policy: "p2c" });
  const busy = nextOf(under.pool.plan({ model: "m" }));
  expect(busy?.upstream.id).toBe("a");
  expect(orderOf(under)).toEqual(["b", "a"]);
  busy?.end({ outcome: "done", firstTokenMs: 80 });
  send(under, { outcome: "done", firstTokenMs: 70 });
  expect(under.healthOf("b").firstTokenMs).toBe(70);
  expect(orderOf(under)).toEqual(["b", "a"]);
});

test("p2c: the load of many is even", () => {
  const upstreams = Array.from({ length: 10 }, (_, number) => `u${number}`);
  const under = openPool(upstreams, { policy: "p2c", random: chanceOf(4) });
  for (let count = 0; count < 200; count++) nextOf(under.pool.plan({ model: "m" }));
  for (const { inFlight } of under.pool.health()) expect(Math.abs(inFlight - 20)).toBeLessThanOrEqual(3);
});

for (const policy of ["random_available", "round_robin_available"] as const) {
  test(`${policy}: whoever failed lately comes last, until it has answered or a minute is over`, () => {
    const under = openPool(["a", "b", "c"], { policy });
    send(under, ({ upstream }) => ({ outcome: upstream.id === "b" ? "first_token_timeout" : "rejected" }));
    for (let count = 0; count < 6; count++) expect(orderOf(under).at(-1)).toBe("b");
    under.wait(59_999);
    expect(orderOf(under).at(-1)).toBe("b");
    under.wait(1);
    expect(new Set([orderOf(under), orderOf(under), orderOf(under)].map((order) => order.at(-1))).size).toBe(
      policy === "random_available" ? 1 : 3,
    );
  });
}

test("available: what earlier processes saw counts as well", () => {
  const tally = {
    successes: 9,
    failures: 1,
    lastSuccessAt: wallStart - 20_000,
    lastFailureAt: wallStart - 10_000,
  };
  const under = openPool([upstreamOf("a", { tally }), "b"], { policy: "round_robin_available" });
  expect([send(under), send(under)]).toEqual([["b"], ["b"]]);
  under.wait(60_000);
  expect([send(under), send(under)].flat().toSorted()).toEqual(["a", "b"]);
});

test("whoever asked to be left alone for a while comes last meanwhile, and is asked all the same", () => {
  const under = openPool(["a", "b"]);
  send(under, ({ upstream }) =>
    upstream.id === "a" ? { outcome: "overloaded", retryAfterMs: 5000 } : { outcome: "done" },
  );
  expect(orderOf(under)).toEqual(["b", "a"]);
  under.wait(5000);
  expect(orderOf(under)).toEqual(["a", "b"]);
});

const policies: readonly BalancePolicy[] = [
  "order",
  "main",
  "random",
  "random_available",
  "round_robin",
  "round_robin_available",
  "weighted",
  "least_latency",
  "p2c",
];

test("every policy asks everybody once, a lower tier before a higher one", () => {
  const upstream = fc.record({
    tier: fc.integer({ min: 0, max: 2 }),
    weight: fc.integer({ min: 0, max: 5 }),
    hasFailed: fc.boolean(),
    firstTokenMs: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...policies),
      fc.array(upstream, { minLength: 1, maxLength: 40 }),
      fc.integer(),
      (policy, rows, seed) => {
        const upstreams: Upstream[] = rows.map(({ tier, weight }, number) =>
          upstreamOf(String(number), { tier, weight }),
        );
        const under = openPool(upstreams, { policy, random: chanceOf(seed) });
        send(under, ({ upstream: { id } }) => {
          const { hasFailed, firstTokenMs } = rows[Number(id)] ?? {};
          return { outcome: hasFailed === true ? "first_byte_timeout" : "rejected", firstTokenMs };
        });
        const order = orderOf(under).map(Number);
        expect(order.toSorted((a, b) => a - b)).toEqual(rows.map((_, number) => number));
        const tiers = order.map((number) => rows[number]?.tier ?? 0);
        expect(tiers).toEqual(tiers.toSorted((a, b) => a - b));
      },
    ),
    { numRuns: 200 },
  );
});
