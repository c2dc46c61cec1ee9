import { createFakeUpstream } from "@llm-backend/testing/fake-upstream";
import { afterEach, expect, test, vi } from "vitest";
import { createConnections } from "../src/attempt/connections.ts";
import { createDiscovery, type Discovery } from "../src/discovery/create-discovery.ts";
import { listUpstreamModels } from "../src/discovery/list-upstream-models.ts";
import type { Discoverable } from "../src/pool/pool.ts";
import { openPool, send, upstreamOf } from "./pool/open-pool.ts";

afterEach(() => void vi.useRealTimers());

/** A discovery of a pool of these upstreams, which each say what the test lets them say. */
function openDiscovery(ids: readonly string[]) {
  const under = openPool(ids.map((id) => upstreamOf(id, { discover: true, models: ["m"] })));
  const asked: string[] = [];
  const told: string[] = [];
  const answers = new Map<string, PromiseWithResolvers<readonly string[] | undefined>>();
  const discovery: Discovery = createDiscovery({
    targets: () => under.pool.listDiscoverable(),
    ask({ upstream: { id } }: Discoverable) {
      asked.push(id);
      const answer = Promise.withResolvers<readonly string[] | undefined>();
      answers.set(id, answer);
      return answer.promise;
    },
    tell: (id) => void told.push(id),
    intervalMs: 1000,
  });
  const say = async (id: string, models: readonly string[] | undefined): Promise<void> => {
    answers.get(id)?.resolve(models);
    await vi.advanceTimersByTimeAsync(0);
  };
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  return { ...under, discovery, asked, told, say };
}

const tick = async (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

test("asks everybody at the start and at every interval, two at a time", async () => {
  const { discovery, asked, told, say } = openDiscovery(["a", "b", "c"]);
  expect(asked).toEqual([]);
  discovery.start();
  await tick();
  expect(asked).toEqual(["a", "b"]);
  await say("b", ["x"]);
  expect(asked).toEqual(["a", "b", "c"]);
  await say("a", ["x"]);
  await say("c", ["x"]);
  expect(told).toEqual(["b", "a", "c"]);
  await tick(999);
  expect(asked).toHaveLength(3);
  await tick(1);
  expect(asked.slice(3)).toEqual(["a", "b"]);
  discovery.close();
});

test("one that does not say is counted, keeps what it said before, and is asked again with the others", async () => {
  const { discovery, asked, told, say } = openDiscovery(["a"]);
  discovery.start();
  await tick();
  await say("a", undefined);
  expect([discovery.failures, told]).toEqual([1, []]);
  await tick(1000);
  await say("a", ["x"]);
  expect([asked, told]).toEqual([["a", "a"], ["a"]]);
  discovery.close();
});

test("a refresh asks only those that have never been asked, also at a place that is new", async () => {
  const { discovery, asked, pool, say } = openDiscovery(["a"]);
  discovery.start();
  await tick();
  await say("a", ["x"]);
  await discovery.refresh();
  expect(asked).toEqual(["a"]);
  const moved = upstreamOf("a", { discover: true, endpoint: "https://elsewhere.test" });
  pool.replace([moved, upstreamOf("b", { discover: true })]);
  const refreshing = discovery.refresh();
  await tick();
  expect(asked).toEqual(["a", "a", "b"]);
  await say("a", ["x"]);
  await say("b", ["x"]);
  await refreshing;
  discovery.close();
});

test("after it was closed nobody is asked and nothing is told", async () => {
  const { discovery, asked, told, say } = openDiscovery(["a", "b", "c"]);
  discovery.start();
  await tick();
  discovery.close();
  await say("a", ["x"]);
  await say("b", ["x"]);
  await tick(5000);
  discovery.start();
  await tick(5000);
  expect([asked, told]).toEqual([["a", "b"], []]);
});

test("what real upstreams say is served", async () => {
  await using upstream = await createFakeUpstream({ models: ["found-1", "found-2"] });
  const connections = createConnections();
  const under = openPool([upstreamOf("a", { endpoint: upstream.url, models: ["m"], discover: true })]);
  const discovery = createDiscovery({
    targets: () => under.pool.listDiscoverable(),
    ask: async (target, signal) =>
      (await listUpstreamModels(connections, target, { timeoutMs: 3000, signal })).models,
    tell: (id, models) => under.pool.setDiscovered(id, models),
  });
  await discovery.refresh();
  expect(send(under, undefined, "found-2")).toEqual(["a"]);
  expect(under.pool.listModels().map(({ model }) => model)).toEqual(["m", "found-1", "found-2"]);
  discovery.close();
  await connections.close();
});
