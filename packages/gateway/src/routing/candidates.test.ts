import { expect, test } from "vitest";
import { defaultClocks } from "../create-gateway.ts";
import type { Upstream } from "../upstream.ts";
import { createCandidates } from "./candidates.ts";
import { createProviderFinder } from "./provider-finder.ts";

const upstream = (name: string, rest: Partial<Upstream> = {}): Upstream => ({
  id: name,
  name,
  endpoint: "https://host.test",
  keys: [],
  models: [],
  aliases: {},
  ...rest,
});

const find = (upstreams: readonly Upstream[], model: string) =>
  createCandidates(upstreams, createProviderFinder([]), defaultClocks)
    .find(model)
    .map((candidate) => `${candidate.upstream.name}:${candidate.model}`);

test("asks those that serve the model, as listed", () => {
  const upstreams = [
    upstream("named", { models: ["m"] }),
    upstream("other", { models: ["n"] }),
    upstream("pattern", { models: ["x", "m*"] }),
    upstream("all"),
  ];
  expect(find(upstreams, "m")).toEqual(["named:m", "pattern:m", "all:m"]);
});

test("an alias counts as served, whatever the list of models says", () => {
  const upstreams = [upstream("a", { models: ["real"], aliases: { short: "real" } }), upstream("b")];
  expect(find(upstreams, "short")).toEqual(["a:real", "b:short"]);
  expect(find(upstreams, "real")).toEqual(["a:real", "b:real"]);
});

test("names that mean something to JavaScript are names like any other", () => {
  expect(find([upstream("a", { models: ["x"], aliases: {} }), upstream("b")], "constructor")).toEqual([
    "b:constructor",
  ]);
});

test("says which upstream has an endpoint that is none", () => {
  expect(() => find([upstream("broken", { endpoint: "nonsense" })], "m")).toThrow(
    "Upstream “broken”: An endpoint is",
  );
});

test("an upstream's own clocks stand in for the common ones, each by itself", () => {
  const candidates = createCandidates(
    [upstream("a", { clocks: { idleMs: 5 } })],
    createProviderFinder([]),
    defaultClocks,
  );
  expect(candidates.find("m")[0]?.upstream.clocks).toEqual({ ...defaultClocks, idleMs: 5 });
});
