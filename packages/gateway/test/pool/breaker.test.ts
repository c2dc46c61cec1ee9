import { expect, test } from "vitest";
import type { AttemptOutcome } from "../../src/attempt/attempt-ports.ts";
import { never, nextOf, openPool, orderOf, send, upstreamOf, type PoolUnderTest } from "./open-pool.ts";

const timeout = { outcome: "first_byte_timeout", message: "no answer in time" } as const;

function fail(under: PoolUnderTest, times: number, outcome: AttemptOutcome = "first_byte_timeout"): void {
  for (let count = 0; count < times; count++)
    nextOf(under.pool.plan({ model: "m" }))?.end({ outcome, message: "boom" });
}

/** What a request that nobody takes is told. */
function refusalOf({ pool }: PoolUnderTest): unknown {
  const plan = pool.plan({ model: "m" });
  expect(plan.next(never)).toBeUndefined();
  return plan.refusal;
}

test("opens after five failures in a row, and others are asked at once", () => {
  const under = openPool(["a", "b"]);
  fail(under, 4);
  expect(under.healthOf("a").breaker).toBe("closed");
  fail(under, 1);
  expect(under.healthOf("a")).toMatchObject({ breaker: "open", failures: 5, lastFailure: "boom" });
  expect(send(under)).toEqual(["b"]);
  expect(under.changes).toEqual([
    {
      upstream: "a",
      upstreamId: "a",
      keyLast4: undefined,
      from: "closed",
      to: "open",
      reason: "5 failures in a row, the last one: boom",
    },
  ]);
});

test("a success in between begins the count anew", () => {
  const under = openPool(["a"]);
  for (let count = 0; count < 4; count++) {
    fail(under, 4);
    send(under);
    under.wait(5000);
  }
  expect(under.healthOf("a").breaker).toBe("closed");
});

test("opens when half of at least twenty requests fail within ten seconds", () => {
  const under = openPool(["a"]);
  for (let count = 0; count < 9; count++) {
    send(under);
    fail(under, 1);
  }
  send(under);
  expect(under.healthOf("a").breaker).toBe("closed");
  fail(under, 1);
  expect(under.healthOf("a").breaker).toBe("open");
  expect(under.changes[0]?.reason).toBe("10 of 20 requests failed, the last one: boom");
});

test("failures of longer ago than ten seconds count no more", () => {
  const under = openPool(["a"]);
  for (let count = 0; count < 9; count++) {
    send(under);
    fail(under, 1);
  }
  under.wait(11_000);
  send(under);
  fail(under, 1);
  expect(under.healthOf("a").breaker).toBe("closed");
});

const countsForNobody: readonly AttemptOutcome[] = ["cancelled", "rejected"];
const countsForKey: readonly AttemptOutcome[] = ["auth", "rate_limited", "quota"];
const countsForUpstream: readonly AttemptOutcome[] = [
  "connect_failed",
  "connect_timeout",
  "first_byte_timeout",
  "first_token_timeout",
  "idle_timeout",
  "reset",
  "truncated",
  "overloaded",
  "server_error",
  "protocol_error",
  "error_in_stream",
  "too_large",
];

for (const outcome of countsForUpstream)
  test(`${outcome} counts for the upstream`, () => {
    const under = openPool(["a"]);
    fail(under, 5, outcome);
    expect(under.healthOf("a")).toMatchObject({ breaker: "open", failures: 5, keys: [{ state: "ok" }] });
  });

for (const outcome of countsForNobody)
  test(`${outcome} counts for nobody`, () => {
    const under = openPool(["a"]);
    fail(under, 30, outcome);
    expect(under.healthOf("a")).toMatchObject({ breaker: "closed", failures: 0, keys: [{ state: "ok" }] });
    expect(under.changes).toEqual([]);
  });

for (const outcome of countsForKey)
  test(`${outcome} counts for the key, not for the upstream`, () => {
    const under = openPool([upstreamOf("a", { keys: ["sk-first-0001", "sk-second-0002"] })]);
    fail(under, 1, outcome);
    expect(under.healthOf("a")).toMatchObject({ breaker: "closed", failures: 1 });
    expect(under.healthOf("a").keys[0]?.state).not.toBe("ok");
    expect(under.healthOf("a").keys[1]?.state).toBe("ok");
  });

test("lets one request through when ten seconds are over, and closes when that is answered", () => {
  const under = openPool(["a", "b"]);
  fail(under, 5);
  under.wait(9999);
  expect(send(under)).toEqual(["b"]);
  under.wait(1);
  expect(under.healthOf("a").breaker).toBe("half_open");
  const probe = nextOf(under.pool.plan({ model: "m" }));
  expect(probe?.upstream.id).toBe("a");
  expect(send(under)).toEqual(["b"]);
  probe?.end({ outcome: "done" });
  expect(under.healthOf("a").breaker).toBe("closed");
  expect(under.changes.at(-1)).toMatchObject({ from: "half_open", to: "closed" });
});

test("closes as soon as an answer begins: it may go on for long", () => {
  const under = openPool(["a"]);
  fail(under, 5);
  under.wait(10_000);
  nextOf(under.pool.plan({ model: "m" }))?.began(12);
  expect(under.healthOf("a")).toMatchObject({ breaker: "closed", inFlight: 1, firstTokenMs: 12 });
});

for (const outcome of ["rejected", "auth", "rate_limited"] as const)
  test(`an upstream that answers ${outcome} is there again`, () => {
    const under = openPool(["a"]);
    fail(under, 5);
    under.wait(10_000);
    fail(under, 1, outcome);
    expect(under.healthOf("a").breaker).toBe("closed");
  });

test("a caller who leaves proves nothing: the next one finds out", () => {
  const under = openPool(["a", "b"]);
  fail(under, 5);
  under.wait(10_000);
  fail(under, 1, "cancelled");
  expect(under.healthOf("a").breaker).toBe("half_open");
  expect(send(under)).toEqual(["a"]);
});

test("stays open twice as long each time, up to five minutes, and at first again after it was well", () => {
  const under = openPool(["a"], { random: () => 0 });
  fail(under, 5);
  const openMs = (): number =>
    (under.healthOf("a").openUntil ?? Number.NaN) - 1_760_000_000_000 - under.now();
  const times = [openMs()];
  for (let count = 0; count < 6; count++) {
    under.wait(openMs());
    fail(under, 1);
    times.push(openMs());
  }
  expect(times).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  under.wait(300_000);
  send(under);
  under.wait(5000);
  fail(under, 5);
  expect(openMs()).toBe(10_000);
});

test("whoever fails again while coming back stays out longer", () => {
  const under = openPool(["a"], { random: () => 0 });
  fail(under, 5);
  under.wait(10_000);
  send(under);
  under.wait(4999);
  fail(under, 5);
  under.wait(10_000);
  expect(under.healthOf("a").breaker).toBe("open");
  under.wait(10_000);
  expect(under.healthOf("a").breaker).toBe("half_open");
});

test("open times are spread, so that many do not come back at once", () => {
  const under = openPool(["a"], { random: () => 0.5 });
  fail(under, 5);
  under.wait(10_999);
  expect(under.healthOf("a").breaker).toBe("open");
  under.wait(1);
  expect(under.healthOf("a").breaker).toBe("half_open");
});

test("requests that began before an outage say nothing about the time after it", () => {
  const under = openPool(["a"]);
  const old = Array.from({ length: 10 }, () => nextOf(under.pool.plan({ model: "m" })));
  fail(under, 5);
  old[0]?.end({ outcome: "done" });
  expect(under.healthOf("a").breaker).toBe("open");
  under.wait(10_000);
  send(under);
  for (const slot of old.slice(1)) slot?.end(timeout);
  expect(under.healthOf("a").breaker).toBe("closed");
});

test("a growing share of requests goes to whoever comes back, while others can answer", () => {
  const under = openPool(["a", "b"]);
  fail(under, 5);
  under.wait(10_000);
  send(under);
  const firstWith = (chance: number): string | undefined => {
    under.chance(chance);
    return send(under)[0];
  };
  expect([firstWith(0.09), firstWith(0.11)]).toEqual(["a", "b"]);
  under.wait(2500);
  expect([firstWith(0.49), firstWith(0.51)]).toEqual(["a", "b"]);
  under.wait(2500);
  expect(firstWith(0.99)).toBe("a");
});

test("whoever comes back and is the only one gets everything", () => {
  const under = openPool(["a", upstreamOf("b", { models: ["n"] })]);
  fail(under, 5);
  under.wait(10_000);
  send(under);
  under.chance(0.99);
  expect(send(under)).toEqual(["a"]);
});

test("when everybody is out, requests are refused at once and told when to come back", () => {
  const under = openPool(["a", "b"]);
  fail(under, 10);
  expect(refusalOf(under)).toEqual({ reason: "resting", retryAfterMs: 1000 });
  under.wait(400);
  expect(refusalOf(under)).toEqual({ reason: "resting", retryAfterMs: 600 });
});

test("when everybody is out, one request a second finds out at each of them", () => {
  const under = openPool(["a", "b"]);
  fail(under, 10);
  for (let second = 0; second < 5; second++) {
    under.wait(999);
    refusalOf(under);
    under.wait(1);
    expect(send(under, timeout)).toEqual(["a", "b"]);
    refusalOf(under);
  }
  under.wait(1000);
  expect(send(under)).toEqual(["a"]);
  expect(send(under)).toEqual(["a"]);
});

test("when everybody is out, only one request at a time is let through, however long it takes", () => {
  const under = openPool(["a"]);
  fail(under, 5);
  under.wait(1000);
  const probe = nextOf(under.pool.plan({ model: "m" }));
  for (let count = 0; count < 100; count++) {
    under.wait(500);
    refusalOf(under);
  }
  probe?.end(timeout);
  expect(send(under)).toEqual(["a"]);
});

test("requests that were let through early do not make an outage longer", () => {
  const under = openPool(["a"], { random: () => 0 });
  fail(under, 5);
  for (let second = 0; second < 9; second++) {
    under.wait(1000);
    fail(under, 1);
  }
  under.wait(1000);
  expect(under.healthOf("a").breaker).toBe("half_open");
});

test("a higher tier is asked when nobody of a lower one can be", () => {
  const under = openPool([upstreamOf("spare", { tier: 1 }), "a", "b"]);
  expect(orderOf(under)).toEqual(["a", "b", "spare"]);
  fail(under, 10);
  expect(send(under)).toEqual(["spare"]);
});

test("whoever watches cannot break a request", () => {
  const under = openPool(["a"], {
    onHealthChange() {
      throw new Error("watcher");
    },
  });
  fail(under, 5);
  expect(under.healthOf("a").breaker).toBe("open");
});

test("how a provider does with the asker's own key is known of the provider, and keys count for nobody", () => {
  const under = openPool(["a"]);
  const ask = (providerKey: string) => under.pool.plan({ model: "p-1", providerKey });
  for (let count = 0; count < 10; count++) {
    const outcome = ["auth", "rate_limited", "quota"][count % 3] as AttemptOutcome;
    nextOf(ask("sk-bad"))?.end({ outcome, retryAfterMs: 60_000 });
  }
  expect(nextOf(ask("sk-good"))?.key).toBe("sk-good");
  for (let count = 0; count < 5; count++) nextOf(ask("sk-good"))?.end(timeout);
  const plan = ask("sk-other");
  expect(plan.next(never)).toBeUndefined();
  expect(plan.refusal).toEqual({ reason: "resting", retryAfterMs: 1000 });
  expect(under.healthOf("a").failures).toBe(0);
  expect(under.changes).toEqual([]);
});
