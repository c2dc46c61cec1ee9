import type { HealthEvent, UpstreamView } from "@llm-backend/contract";
import {
  answer,
  createFakeUpstream,
  startBackend,
  type FakeUpstream,
  type TestBackend,
} from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { followSse } from "../callers/frames.ts";
import { createTrpcCaller, type TrpcCaller } from "../callers/trpc-caller.ts";
import { createAdmin, createNobody } from "./admin-callers.ts";

const endpoint = "https://api.example/v1";

let upstream: FakeUpstream;
let backend: TestBackend;
let admin: TrpcCaller;

beforeAll(async () => {
  upstream = await createFakeUpstream({ models: ["m-1", "m-2"], reply: answer(["Hello"]) });
  backend = await startBackend({
    upstreams: [{ name: "fake", endpoint: upstream.url, sk: "sk-fake-0123456789" }],
  });
  admin = createTrpcCaller(backend.url, (await createAdmin(backend)).token);
});
afterAll(async () => {
  await backend[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

/** The events of the pool's health, as they arrive. */
async function* followHealth(token: string, signal: AbortSignal): AsyncGenerator<HealthEvent, void> {
  const response = await fetch(
    `${backend.url}/trpc/admin.upstream.health?input=${encodeURIComponent(`{"json":{}}`)}`,
    {
      headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
      signal,
    },
  );
  for await (const { event, data } of followSse(response)) {
    if (event === "message") yield (JSON.parse(data) as { json: HealthEvent }).json;
  }
}

const nextOf = async <T>(items: AsyncGenerator<T, void>, isWanted: (item: T) => boolean): Promise<T> => {
  for (;;) {
    const { value, done } = await items.next();
    if (done === true) throw new Error("The stream has ended.");
    if (isWanted(value)) return value;
  }
};

describe("the list", () => {
  it("is told with masked keys, changed, and told as it was changed", async () => {
    const { id } = await admin.mutate<UpstreamView>("admin.upstream.add", {
      name: "added",
      endpoint,
      keys: ["sk-a-key-of-some-length-1234"],
      tokens: ["a-token-of-callers"],
      modelClocks: { "m-*": { firstByteMs: 7 } },
    });
    const updated = await admin.mutate<UpstreamView>("admin.upstream.update", {
      id,
      keys: ["…1234", "sk-another-key-5678"],
      weight: 0.5,
      isEnabled: false,
    });
    expect(updated).toMatchObject({
      keys: ["…1234", "…5678"],
      tokens: ["…lers"],
      weight: 0.5,
      isEnabled: false,
      modelClocks: { "m-*": { firstByteMs: 7 } },
    });
    const { text, data } = await admin.tryQuery("admin.upstream.list");
    expect(data).toMatchObject([{ name: "fake", source: "config", keys: ["…6789"] }, updated]);
    expect(text).not.toMatch(/sk-|a-token-of/);
    await admin.mutate("admin.upstream.remove", { id });
    expect(await admin.query("admin.upstream.list")).toHaveLength(1);
  });

  it.each([
    ["add", {}, "invalid_input"],
    ["add", { endpoint: "nowhere" }, "invalid_input"],
    ["add", { endpoint, keys: ["a b"] }, "invalid_input"],
    ["add", { endpoint, keys: ["…1234"] }, "invalid_input"],
    ["add", { endpoint, name: "two\nlines" }, "invalid_input"],
    ["add", { endpoint, clocks: { idleMs: 0 } }, "invalid_input"],
    ["add", { endpoint, midstream: "glue" }, "invalid_input"],
    ["add", { endpoint, name: "fake" }, "conflict"],
    ["update", { id: 999 }, "not_found"],
    ["update", { id: 1, keys: ["…zzzz"] }, "invalid_input"],
    ["update", { id: 1, tier: -1 }, "invalid_input"],
    ["remove", { id: 999 }, "not_found"],
    ["test", { id: 999 }, "not_found"],
  ])("refuses to %s %j: %s", async (name, input, reason) => {
    const { error } = await admin.tryMutate(`admin.upstream.${name}`, input);
    expect(error?.data.reason).toBe(reason);
    expect(await admin.query("admin.upstream.list")).toHaveLength(1);
  });
});

it("tests an upstream: its models, its key, and a few words", async () => {
  const report = await admin.mutate("admin.upstream.test", { id: 1 });
  expect(report).toMatchObject({ upstream: "fake", isReachable: true, models: ["m-1", "m-2"] });
  expect(upstream.calls.at(-1)?.headers.authorization).toBe("Bearer sk-fake-0123456789");
});

describe("the health of the pool", () => {
  it("is told at once, with every change, and after a change of the list", { timeout: 15_000 }, async () => {
    const leaving = new AbortController();
    const events = followHealth(admin.token ?? "", leaving.signal);
    expect(await nextOf(events, () => true)).toMatchObject({
      type: "snapshot",
      upstreams: [{ name: "fake", breaker: "closed", inFlight: 0 }],
    });
    const { id } = await admin.mutate<UpstreamView>("admin.upstream.add", { name: "second", endpoint });
    const both = await nextOf(events, (event) => event.type === "snapshot" && event.upstreams.length === 2);
    expect(both).toMatchObject({ upstreams: [{ name: "fake" }, { name: "second" }] });
    const { upstreams } = backend.server.backend.services;
    upstreams.noteHealthChange({
      upstream: "fake",
      upstreamId: "ups_1",
      keyLast4: "6789",
      from: "ok",
      to: "rejected",
      reason: "401",
    });
    expect(await nextOf(events, ({ type }) => type === "change")).toMatchObject({
      name: "fake",
      keyLast4: "6789",
      to: "rejected",
    });
    // By itself, every two seconds.
    expect(await nextOf(events, ({ type }) => type === "snapshot")).toMatchObject({ type: "snapshot" });
    leaving.abort();
    await admin.mutate("admin.upstream.remove", { id });
  });

  it("is told no longer than the session lives", async () => {
    const caller = await createAdmin(backend);
    const events = followHealth(caller.token ?? "", AbortSignal.timeout(10_000));
    await nextOf(events, () => true);
    await caller.post("/api/users/logout");
    await expect(nextOf(events, () => false)).rejects.toThrow("The stream has ended.");
  });
});

it("is for administrators only: users learn nothing, strangers less", async () => {
  const user = createTrpcCaller(backend.url, (await createNobody(backend)).token);
  const stranger = createTrpcCaller(backend.url);
  const inputs = {
    add: { endpoint },
    update: { id: 1, isEnabled: false },
    remove: { id: 1 },
    test: { id: 1 },
  };
  for (const [name, input] of Object.entries(inputs)) {
    const path = `admin.upstream.${name}`;
    expect([path, (await user.tryMutate(path, input)).error?.data.reason]).toEqual([path, "forbidden"]);
    expect([path, (await user.tryMutate(path, {})).error?.data.reason]).toEqual([path, "forbidden"]);
    expect([path, (await stranger.tryMutate(path, input)).error?.data.reason]).toEqual([
      path,
      "unauthenticated",
    ]);
  }
  expect((await user.tryQuery("admin.upstream.list")).error?.data.reason).toBe("forbidden");
  const refused: unknown[] = [];
  for await (const item of user.subscribe("admin.upstream.health", {})) refused.push(item);
  expect(refused).toMatchObject([{ kind: "error", error: { data: { reason: "forbidden" } } }]);
  expect(await admin.query("admin.upstream.list")).toMatchObject([{ isEnabled: true }]);
});
