import { expect, test } from "vitest";
import type { Upstream } from "../../src/upstream.ts";
import { never, nextOf, openPool, orderOf, send, upstreamOf } from "./open-pool.ts";

/** Who is asked for a model, and by which name of it. */
const whoServes = (upstreams: readonly Upstream[], model: string): string[] => {
  const { pool } = openPool(upstreams);
  const plan = pool.plan({ model });
  const found: string[] = [];
  for (let slot = nextOf(plan); slot !== undefined; slot = nextOf(plan)) {
    found.push(`${slot.upstream.name}:${slot.model}`);
    slot.end({ outcome: "rejected" });
  }
  return found;
};

test("asks those that serve the model, as listed, and nobody twice", () => {
  const under = openPool([
    upstreamOf("named", { models: ["m"] }),
    upstreamOf("other", { models: ["n"] }),
    upstreamOf("pattern", { models: ["x", "m*"] }),
    upstreamOf("all"),
  ]);
  expect(orderOf(under)).toEqual(["named", "pattern", "all"]);
  expect(send(under)).toEqual(["named"]);
});

test("an alias counts as served, whatever the lists of models say", () => {
  const upstreams = [
    upstreamOf("a", { models: ["real"], deny: ["short"], aliases: { short: "real" } }),
    upstreamOf("b"),
  ];
  expect(whoServes(upstreams, "short")).toEqual(["a:real", "b:short"]);
  expect(whoServes(upstreams, "real")).toEqual(["a:real", "b:real"]);
});

test("a denied model is not served, by name or by pattern, whatever else says so", () => {
  const upstreams = [
    upstreamOf("a", { models: ["gpt-*"], deny: ["*-preview", "gpt-3"] }),
    upstreamOf("b", { deny: ["gpt-4"] }),
  ];
  expect(whoServes(upstreams, "gpt-3")).toEqual(["b:gpt-3"]);
  expect(whoServes(upstreams, "gpt-4")).toEqual(["a:gpt-4"]);
  expect(whoServes(upstreams, "gpt-5-preview")).toEqual(["b:gpt-5-preview"]);
});

test("names that mean something to JavaScript are names like any other", () => {
  expect(whoServes([upstreamOf("a", { models: ["x"] }), upstreamOf("b")], "constructor")).toEqual([
    "b:constructor",
  ]);
  expect(whoServes([upstreamOf("a", { models: ["__proto__"] })], "__proto__")).toEqual(["a:__proto__"]);
});

test("a model that nobody serves is not found, and one that the caller may not use neither", () => {
  const { pool } = openPool([upstreamOf("a", { models: ["m"] })]);
  expect(() => pool.plan({ model: "n" })).toThrow("No upstream serves the model “n”.");
  expect(() => pool.plan({ model: "m", mayUse: () => false })).toThrow("No upstream serves the model “m”.");
});

test("asks only those that the caller may use", () => {
  const { pool } = openPool(["a", "b", "c"]);
  const plan = pool.plan({ model: "m", mayUse: (id) => id !== "b" });
  const slots = [nextOf(plan), nextOf(plan), nextOf(plan)];
  expect(slots.map((slot) => slot?.upstream.id)).toEqual(["a", "c", undefined]);
});

test("says which upstream has an endpoint that is none, and keeps the list it has", () => {
  const under = openPool(["a"]);
  expect(() => under.pool.replace([upstreamOf("b"), upstreamOf("c", { endpoint: "nonsense" })])).toThrow(
    "Upstream “c”: An endpoint is",
  );
  expect(send(under)).toEqual(["a"]);
});

test("clocks: the upstream's stand in for the common ones, a model's for the upstream's, each by itself", () => {
  const { pool } = openPool([
    upstreamOf("a", {
      aliases: { thinker: "o3" },
      clocks: { idleMs: 50 },
      modelClocks: { "o*": { firstTokenMs: 900 }, o3: { firstTokenMs: 1 } },
    }),
  ]);
  const common = { connectMs: 1, firstByteMs: 2, wholeAnswerMs: 3, firstTokenMs: 4, idleMs: 50 };
  expect(nextOf(pool.plan({ model: "m" }))?.clocks).toEqual(common);
  expect(nextOf(pool.plan({ model: "o1" }))?.clocks).toEqual({ ...common, firstTokenMs: 900 });
  expect(nextOf(pool.plan({ model: "thinker" }))?.clocks).toEqual({ ...common, firstTokenMs: 900 });
});

test("an upstream that is asked what it serves serves that beside what is listed, once it has said so", () => {
  const under = openPool([upstreamOf("a", { models: ["m"], discover: true, deny: ["secret"] })]);
  expect(() => send(under, undefined, "found")).toThrow("No upstream serves");
  under.pool.setDiscovered("a", ["found", "secret"]);
  expect(send(under, undefined, "found")).toEqual(["a"]);
  expect(send(under)).toEqual(["a"]);
  expect(() => send(under, undefined, "secret")).toThrow("No upstream serves");
  under.pool.setDiscovered("a", []);
  expect(() => send(under, undefined, "found")).toThrow("No upstream serves");
});

test("an upstream without a list serves everything, whatever its own list says", () => {
  const under = openPool(["a"]);
  under.pool.setDiscovered("a", ["found"]);
  expect(send(under, undefined, "anything")).toEqual(["a"]);
  expect(under.pool.listModels()).toEqual([{ model: "found", upstreams: ["a"] }]);
});

test("what was discovered stays through changes of the list, as long as the place is the same", () => {
  const a = upstreamOf("a", { models: ["m"], discover: true });
  const under = openPool([a]);
  under.pool.setDiscovered("a", ["found"]);
  under.pool.replace([{ ...a, name: "renamed" }, upstreamOf("b", { models: ["m"] })]);
  expect(send(under, undefined, "found")).toEqual(["a"]);
  under.pool.replace([{ ...a, endpoint: "https://elsewhere.test" }]);
  expect(() => send(under, undefined, "found")).toThrow("No upstream serves");
  under.pool.replace([a]);
  expect(() => send(under, undefined, "found")).toThrow("No upstream serves");
});

test("lists the models that upstreams name, each with everybody who serves it and whom the caller may use", () => {
  const { pool } = openPool([
    upstreamOf("a", { models: ["m", "gpt-*"], deny: ["n"], aliases: { short: "m" } }),
    upstreamOf("b"),
    upstreamOf("c", { models: ["m", "n"] }),
    upstreamOf("d", { models: ["n"], deny: ["n"] }),
  ]);
  expect(pool.listModels()).toEqual([
    { model: "short", upstreams: ["a", "b"] },
    { model: "m", upstreams: ["a", "b", "c"] },
    { model: "n", upstreams: ["b", "c"] },
  ]);
  expect(pool.listModels((id) => id === "b" || id === "c")).toEqual([
    { model: "m", upstreams: ["b", "c"] },
    { model: "n", upstreams: ["b", "c"] },
  ]);
  expect(pool.listModels((id) => id === "b")).toEqual([]);
});

test("names those that are worth asking for their models, with a key that is in use", () => {
  const under = openPool([
    upstreamOf("listed", { models: ["m"] }),
    upstreamOf("open", { keys: ["sk-first-1", "sk-second-2"] }),
    upstreamOf("asked", { models: ["m"], discover: true, keys: [] }),
    upstreamOf("as-is", { passAuthorization: true, keys: [] }),
  ]);
  const rows = (): unknown[] => under.pool.listDiscoverable().map(({ upstream, key }) => [upstream.id, key]);
  expect(rows()).toEqual([
    ["open", "sk-first-1"],
    ["asked", undefined],
  ]);
  const slot = nextOf(under.pool.plan({ model: "anything" }));
  slot?.end({ outcome: "auth" });
  expect(rows()[0]).toEqual(["open", "sk-second-2"]);
});

test("the asker's own key goes to the provider of the model and nowhere else", () => {
  const { pool } = openPool([upstreamOf("a")]);
  const plan = pool.plan({ model: "p-large", providerKey: "sk-own" });
  const slot = nextOf(plan);
  expect(slot).toMatchObject({ key: "sk-own", model: "p-large" });
  expect(slot?.upstream).toMatchObject({ name: "p", passAuthorization: false });
  expect(slot?.upstream.endpoint.origin).toBe("https://p.test");
  slot?.end({ outcome: "auth" });
  expect(plan.next(never)).toBeUndefined();
  expect(() => pool.plan({ model: "unknown", providerKey: "sk-own" })).toThrow(
    "No provider is known for the model “unknown”",
  );
});
