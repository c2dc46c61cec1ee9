import {
  createFakeUpstream,
  cut,
  fail,
  findClosedPort,
  page,
  raw,
  reset,
  stall,
  type Call,
  type FakeUpstream,
  type Reply,
} from "@llm-backend/testing/fake-upstream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createConnections } from "../src/attempt/connections.ts";
import { listUpstreamModels, type ModelListing } from "../src/discovery/list-upstream-models.ts";
import { defaultClocks } from "../src/index.ts";
import { prepareUpstream } from "../src/routing/prepared-upstream.ts";

const key = "sk-test-0123456789abcdef";

async function list(endpoint: string, timeoutMs = 3000, signal?: AbortSignal): Promise<ModelListing> {
  const connections = createConnections();
  const upstream = prepareUpstream(
    { id: "1", name: "a", endpoint, keys: [key], models: [], aliases: {} },
    defaultClocks,
  );
  const options = { timeoutMs, ...(signal !== undefined && { signal }) };
  const listing = await listUpstreamModels(connections, { upstream, key }, options);
  await connections.close();
  return listing;
}

/** Its list of models is what the script says: a query keeps it from being the built-in one. */
const scripted = ({ url }: FakeUpstream): string => `${url}?scripted`;

async function listFrom(reply: Reply, timeoutMs?: number): Promise<ModelListing> {
  await using upstream = await createFakeUpstream({ reply });
  return await list(scripted(upstream), timeoutMs);
}

const json = (value: unknown): Reply => page("application/json", JSON.stringify(value));

test("asks with the key, at the path of the endpoint, and reads the list", async () => {
  await using upstream = await createFakeUpstream({ models: ["gpt-5", "gpt-5-mini"] });
  expect(await list(upstream.url)).toEqual({
    isReachable: true,
    models: ["gpt-5", "gpt-5-mini"],
    failure: undefined,
  });
  const call: Call | undefined = upstream.calls[0];
  expect(call).toMatchObject({ method: "GET", path: "/v1/models", bodyText: "" });
  expect(call?.headers["authorization"]).toBe(`Bearer ${key}`);
});

const shapes: readonly (readonly [string, unknown])[] = [
  ["without an envelope", [{ id: "a" }, { id: "b" }]],
  ["of names", { data: ["a", "b"] }],
  ["of names alone", ["a", "b"]],
  ["called models, with names", { models: [{ name: "a" }, { model: "b" }] }],
  [
    "with things in it that are no names",
    { data: [{ id: "a" }, null, 7, { id: 3 }, { id: "" }, "x\n", { id: "b" }, {}] },
  ],
  ["with repetitions", { data: [{ id: "a" }, { id: "b" }, { id: "a" }] }],
];
for (const [name, body] of shapes)
  test(`reads a list ${name}`, async () => {
    expect((await listFrom(json(body))).models).toEqual(["a", "b"]);
  });

const failures: readonly (readonly [string, Reply, string])[] = [
  ["a refused key", fail(401), "auth"],
  ["no such path", page("text/plain", "404 page not found", 404), "protocol_error"],
  ["a page", page("text/html", "<html>"), "protocol_error"],
  ["JSON that is no list", json({ status: "ok" }), "protocol_error"],
  ["a compressed list", { headers: { "content-encoding": "gzip" }, steps: [raw("x")] }, "protocol_error"],
  ["a cut", { steps: [raw('{"data":['), cut()] }, "truncated"],
  ["a reset", { steps: [reset()] }, "reset"],
  ["a redirect", { status: 302, headers: { location: "https://evil.test/" }, steps: [] }, "protocol_error"],
];
for (const [name, reply, outcome] of failures)
  test(`${name}: says so, and says no models`, async () => {
    const { isReachable, models, failure } = await listFrom(reply);
    expect([isReachable, models, failure?.outcome]).toEqual([true, undefined, outcome]);
  });

test("silence ends when the time is over, and closes the socket", async () => {
  await using upstream = await createFakeUpstream({ reply: { steps: [stall()] } });
  const listing = await list(scripted(upstream), 40);
  expect(listing).toMatchObject({ isReachable: true, failure: { outcome: "first_byte_timeout" } });
  expect((await (await upstream.nextCall()).closed).by).toBe("client");
});

test("an endless list is read to a limit", async () => {
  const drip = async function* () {
    for (;;) yield raw("x".repeat(1_000_000));
  };
  expect((await listFrom({ steps: drip() }, 10_000)).failure?.outcome).toBe("too_large");
});

test("an abort ends it at once, before and while it is asked", async () => {
  expect((await list("http://127.0.0.1:9", 3000, AbortSignal.abort())).failure?.outcome).toBe("cancelled");
  await using upstream = await createFakeUpstream({ reply: { steps: [stall()] } });
  const controller = new AbortController();
  const listing = list(scripted(upstream), 3000, controller.signal);
  const call = await upstream.nextCall();
  controller.abort();
  expect((await listing).failure?.outcome).toBe("cancelled");
  expect((await call.closed).by).toBe("client");
});

test("nobody there", async () => {
  const listing = await list(`http://127.0.0.1:${await findClosedPort()}`);
  expect(listing).toMatchObject({ isReachable: false, failure: { outcome: "connect_failed" } });
});

test("whatever JSON comes, a list of names or nothing", async () => {
  let body: unknown;
  await using upstream = await createFakeUpstream({ reply: () => json(body) });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.jsonValue(), fc.record({ data: fc.jsonValue() })), async (value) => {
      body = value;
      const { models = [] } = await list(scripted(upstream));
      for (const name of models) expect(name).toMatch(/^\S/);
    }),
    { numRuns: 50 },
  );
});
