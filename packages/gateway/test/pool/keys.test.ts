import fc from "fast-check";
import { expect, test } from "vitest";
import type { SlotEnding } from "../../src/pool/pool.ts";
import { never, nextOf, openPool, send, upstreamOf, wallStart, type PoolUnderTest } from "./open-pool.ts";

const keys = ["sk-key-aaaa", "sk-key-bbbb", "sk-key-cccc"];

function end(under: PoolUnderTest, ending: SlotEnding): void {
  nextOf(under.pool.plan({ model: "m" }))?.end(ending);
}

/** Which keys a request goes through, by their last letter. */
function keysOf(under: PoolUnderTest, ending: SlotEnding): string[] {
  const plan = under.pool.plan({ model: "m" });
  const used: string[] = [];
  for (let slot = nextOf(plan); slot !== undefined; slot = nextOf(plan)) {
    used.push(`${slot.upstream.id}${slot.key?.slice(-1)}`);
    slot.end(ending);
  }
  return used;
}

const stateOf = (under: PoolUnderTest, position = 0): unknown => under.healthOf("x").keys[position]?.state;

/** For how long the first key rests. */
function restOf(under: PoolUnderTest): number {
  return (under.healthOf("x").keys[0]?.until ?? wallStart + under.now()) - wallStart - under.now();
}

function refusalOf({ pool }: PoolUnderTest): unknown {
  const plan = pool.plan({ model: "m" });
  expect(plan.next(never)).toBeUndefined();
  return plan.refusal;
}

test("spreads requests over the keys, the one that was used longest ago first", () => {
  const under = openPool([upstreamOf("x", { keys })]);
  const used = Array.from({ length: 6 }, () => {
    const slot = nextOf(under.pool.plan({ model: "m" }));
    return slot?.key;
  });
  expect(used).toEqual([...keys, ...keys]);
});

for (const outcome of ["auth", "rate_limited", "quota"] as const)
  test(`${outcome}: the next key of the same upstream is asked, and only then the next upstream`, () => {
    const under = openPool([upstreamOf("x", { keys }), upstreamOf("y", { keys: ["sk-key-dddd"] })]);
    expect(keysOf(under, { outcome })).toEqual(["xa", "xb", "xc", "yd"]);
  });

for (const outcome of ["first_byte_timeout", "connect_failed", "protocol_error"] as const)
  test(`${outcome}: another key would not help`, () => {
    const under = openPool([upstreamOf("x", { keys }), upstreamOf("y", { keys: ["sk-key-dddd"] })]);
    const plan = under.pool.plan({ model: "m" });
    const first = nextOf(plan);
    first?.end({ outcome });
    expect([first?.key, nextOf(plan)?.upstream.id]).toEqual(["sk-key-aaaa", "y"]);
  });

test("a refused key is taken out, told of, and tried again after 5 minutes, then 10, up to an hour", () => {
  const under = openPool([upstreamOf("x")]);
  end(under, { outcome: "auth", message: "status 401: no" });
  expect(under.changes).toEqual([
    {
      upstream: "x",
      upstreamId: "x",
      keyLast4: "1111",
      from: "ok",
      to: "rejected",
      reason: "status 401: no",
    },
  ]);
  const minutes = [restOf(under) / 60_000];
  for (let count = 0; count < 5; count++) {
    under.wait(restOf(under) - 1);
    expect(refusalOf(under)).toEqual({ reason: "rejected", retryAfterMs: 1 });
    under.wait(1);
    end(under, { outcome: "auth" });
    minutes.push(restOf(under) / 60_000);
  }
  expect(minutes).toEqual([5, 10, 20, 40, 60, 60]);
  expect(under.changes).toHaveLength(1);
  under.wait(3_600_000);
  expect(stateOf(under)).toBe("rejected");
  send(under);
  expect(stateOf(under)).toBe("ok");
  expect(under.changes.at(-1)).toMatchObject({ keyLast4: "1111", from: "rejected", to: "ok" });
});

test("a refused key is tried again by one request, not by all", () => {
  const under = openPool([upstreamOf("x"), upstreamOf("y")]);
  end(under, { outcome: "auth" });
  under.wait(300_000);
  const trial = nextOf(under.pool.plan({ model: "m" }));
  expect(trial?.upstream.id).toBe("x");
  expect(send(under)).toEqual(["y"]);
  trial?.end({ outcome: "cancelled" });
  expect(send(under)).toEqual(["x"]);
  expect(stateOf(under)).toBe("ok");
});

test("a limited key rests exactly as long as the provider says", () => {
  const under = openPool([upstreamOf("x")]);
  end(under, { outcome: "rate_limited", retryAfterMs: 7000 });
  expect(stateOf(under)).toBe("cooling");
  expect(refusalOf(under)).toEqual({ reason: "rate_limited", retryAfterMs: 7000 });
  under.wait(6999);
  expect(refusalOf(under)).toEqual({ reason: "rate_limited", retryAfterMs: 1 });
  under.wait(1);
  expect(stateOf(under)).toBe("ok");
  expect(send(under)).toEqual(["x"]);
});

test("a limited key whose provider says nothing rests 1, 2, 4 seconds and so on, spread, up to a minute", () => {
  const under = openPool([upstreamOf("x")], { random: () => 0 });
  const seconds: number[] = [];
  for (let count = 0; count < 8; count++) {
    end(under, { outcome: "rate_limited" });
    seconds.push(restOf(under) / 1000);
    under.wait(restOf(under));
  }
  expect(seconds).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  send(under);
  end(under, { outcome: "rate_limited" });
  expect(restOf(under)).toBe(1000);
  const spread = openPool([upstreamOf("x")], { random: () => 1 - 2 ** -50 });
  end(spread, { outcome: "rate_limited" });
  expect(restOf(spread)).toBe(1250);
});

test("many requests that are limited at the same time are one reason to rest", () => {
  const under = openPool([upstreamOf("x")], { random: () => 0 });
  const slots = Array.from({ length: 10 }, () => nextOf(under.pool.plan({ model: "m" })));
  for (const slot of slots) slot?.end({ outcome: "rate_limited" });
  expect(restOf(under)).toBe(1000);
  expect(under.changes).toHaveLength(1);
});

test("what the provider says last holds if it is longer", () => {
  const under = openPool([upstreamOf("x")]);
  const slots = Array.from({ length: 3 }, () => nextOf(under.pool.plan({ model: "m" })));
  for (const [position, ms] of [2000, 9000, 1000].entries())
    slots[position]?.end({ outcome: "rate_limited", retryAfterMs: ms });
  expect(restOf(under)).toBe(9000);
});

test("an answer that began before the limit does not end the rest", () => {
  const under = openPool([upstreamOf("x")]);
  const early = nextOf(under.pool.plan({ model: "m" }));
  end(under, { outcome: "rate_limited", retryAfterMs: 5000 });
  early?.end({ outcome: "done" });
  expect(stateOf(under)).toBe("cooling");
});

test("Retry-After is kept between now and a minute, whatever it says", () => {
  fc.assert(
    fc.property(fc.oneof(fc.double(), fc.integer({ min: -100_000, max: 1e12 })), (retryAfterMs) => {
      const under = openPool([upstreamOf("x")]);
      end(under, { outcome: "rate_limited", retryAfterMs });
      const restMs = restOf(under);
      expect(restMs).toBeGreaterThanOrEqual(0);
      expect(restMs).toBeLessThanOrEqual(60_000);
      under.wait(60_000);
      expect(send(under)).toEqual(["x"]);
    }),
  );
});

test("an empty account is left alone for 10 minutes, then 20, up to an hour", () => {
  const under = openPool([upstreamOf("x")]);
  const minutes: number[] = [];
  for (let count = 0; count < 5; count++) {
    end(under, { outcome: "quota", retryAfterMs: 1000 });
    minutes.push(restOf(under) / 60_000);
    expect(refusalOf(under)).toMatchObject({ reason: "quota" });
    under.wait(restOf(under));
  }
  expect(minutes).toEqual([10, 20, 40, 60, 60]);
});

test("a key that is refused while it rests is refused; one that is limited while it is refused stays so", () => {
  const under = openPool([upstreamOf("x")]);
  const slots = Array.from({ length: 3 }, () => nextOf(under.pool.plan({ model: "m" })));
  slots[0]?.end({ outcome: "rate_limited", retryAfterMs: 5000 });
  slots[1]?.end({ outcome: "auth" });
  slots[2]?.end({ outcome: "rate_limited", retryAfterMs: 60_000 });
  expect(stateOf(under)).toBe("rejected");
  expect(restOf(under)).toBe(300_000);
});

test("a key that fails while others do well is used only when no other is left", () => {
  const under = openPool([upstreamOf("x", { keys: keys.slice(0, 2) })]);
  const outcomeOf = (key: string | undefined): SlotEnding => ({
    outcome: key?.endsWith("a") === true ? "first_byte_timeout" : "done",
  });
  for (let count = 0; count < 10; count++) {
    const slot = nextOf(under.pool.plan({ model: "m" }));
    slot?.end(outcomeOf(slot.key));
  }
  expect(under.healthOf("x")).toMatchObject({
    breaker: "closed",
    keys: [{ state: "open" }, { state: "ok" }],
  });
  const used = Array.from({ length: 4 }, () => {
    const slot = nextOf(under.pool.plan({ model: "m" }));
    slot?.end({ outcome: "done" });
    return slot?.key?.slice(-1);
  });
  expect(used).toEqual(["b", "b", "b", "b"]);
  const slot = nextOf(under.pool.plan({ model: "m" }));
  slot?.end({ outcome: "auth" });
  expect(send(under)).toEqual(["x"]);
  expect(stateOf(under)).toBe("ok");
});

test("an upstream without keys rests like any other", () => {
  const under = openPool([upstreamOf("x", { keys: [] })]);
  expect(nextOf(under.pool.plan({ model: "m" }))?.key).toBeUndefined();
  end(under, { outcome: "rate_limited", retryAfterMs: 3000 });
  expect(under.healthOf("x").keys).toEqual([
    { last4: undefined, state: "cooling", until: wallStart + under.now() + 3000 },
  ]);
});

test("where the caller's own authorization goes out, its failure is nobody's", () => {
  const under = openPool([upstreamOf("x", { keys: [], passAuthorization: true })]);
  for (const outcome of ["auth", "rate_limited", "quota"] as const) end(under, { outcome });
  expect(under.healthOf("x")).toMatchObject({ failures: 0, keys: [{ state: "ok" }] });
});

test("of a short key not even the end is shown", () => {
  const under = openPool([upstreamOf("x", { keys: ["short", "long-enough"] })]);
  expect(under.healthOf("x").keys.map(({ last4 }) => last4)).toEqual([undefined, "ough"]);
});

test("says what is likely to be over first when several things are in the way", () => {
  const under = openPool(["x", "y"]);
  const plan = under.pool.plan({ model: "m" });
  nextOf(plan)?.end({ outcome: "quota" });
  nextOf(plan)?.end({ outcome: "auth" });
  expect(plan.next(never)).toBeUndefined();
  expect(plan.refusal).toEqual({ reason: "exhausted", retryAfterMs: 300_000 });
  expect(refusalOf(under)).toEqual({ reason: "quota", retryAfterMs: 300_000 });
});

test("a limit that is over soon is no reason to come back while others are out", () => {
  const under = openPool(["x", "y"]);
  for (let count = 0; count < 5; count++) end(under, { outcome: "first_byte_timeout" });
  end(under, { outcome: "rate_limited", retryAfterMs: 400 });
  expect(refusalOf(under)).toEqual({ reason: "resting", retryAfterMs: 400 });
});
