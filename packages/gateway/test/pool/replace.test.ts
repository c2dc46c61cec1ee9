import { expect, test } from "vitest";
import { nextOf, openPool, send, upstreamOf } from "./open-pool.ts";

const tally = {
  successes: 7,
  failures: 3,
  lastSuccessAt: 1_700_000_000_000,
  lastFailureAt: 1_600_000_000_000,
};

test("whoever stays at the same place keeps everything that is known of it", () => {
  const a = upstreamOf("a", { keys: ["sk-key-aaaa", "sk-key-bbbb"] });
  const under = openPool([a]);
  send(under, { outcome: "done", firstTokenMs: 80 });
  nextOf(under.pool.plan({ model: "m" }))?.end({ outcome: "auth" });
  const held = nextOf(under.pool.plan({ model: "m" }));
  for (let count = 0; count < 5; count++)
    nextOf(under.pool.plan({ model: "m" }))?.end({ outcome: "first_byte_timeout", message: "silence" });
  under.pool.replace([{ ...a, name: "renamed", keys: ["sk-key-cccc", "sk-key-bbbb"], tally }]);
  expect(under.healthOf("a")).toMatchObject({
    name: "renamed",
    successes: 1,
    failures: 6,
    breaker: "open",
    firstTokenMs: 80,
    inFlight: 1,
    lastFailure: "silence",
    keys: [
      { last4: "cccc", state: "ok" },
      { last4: "bbbb", state: "rejected" },
    ],
  });
  held?.end({ outcome: "done" });
  expect(under.healthOf("a")).toMatchObject({ successes: 2, inFlight: 0 });
});

test("at another place everything begins anew, with what earlier processes counted", () => {
  const a = upstreamOf("a");
  const under = openPool([a]);
  const held = nextOf(under.pool.plan({ model: "m" }));
  for (let count = 0; count < 5; count++)
    nextOf(under.pool.plan({ model: "m" }))?.end({ outcome: "first_byte_timeout" });
  under.pool.replace([{ ...a, endpoint: "https://elsewhere.test", tally }]);
  expect(under.healthOf("a")).toMatchObject({
    ...tally,
    breaker: "closed",
    inFlight: 0,
    lastFailure: undefined,
  });
  held?.end({ outcome: "done" });
  expect(under.healthOf("a")).toMatchObject({ ...tally, inFlight: 0 });
});

test("a request under way goes on with the list that it began with, but not to who was taken out", () => {
  const under = openPool(["a", "b", "c"]);
  const plan = under.pool.plan({ model: "m" });
  const first = nextOf(plan);
  under.pool.replace([upstreamOf("c"), upstreamOf("new")]);
  first?.end({ outcome: "first_byte_timeout" });
  const second = nextOf(plan);
  expect(second?.upstream.id).toBe("c");
  second?.end({ outcome: "first_byte_timeout" });
  expect(nextOf(plan)).toBeUndefined();
});

test("a change takes effect for the next request", () => {
  const under = openPool(["a"]);
  expect(send(under)).toEqual(["a"]);
  under.pool.replace([upstreamOf("b", { models: ["m"] }), upstreamOf("a")]);
  expect(send(under)).toEqual(["b"]);
  under.pool.replace([upstreamOf("a", { tier: 1 }), upstreamOf("b", { tier: 0 })]);
  expect(send(under)).toEqual(["b"]);
});

test("a closed pool serves nobody", () => {
  const under = openPool(["a"]);
  under.pool.close();
  expect(() => send(under)).toThrow("No upstream serves");
  expect(under.pool.health()).toEqual([]);
});
