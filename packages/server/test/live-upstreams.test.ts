import type { HealthEvent } from "@llm-backend/contract";
import type { HealthChange } from "@llm-backend/gateway";
import { expect, it, onTestFinished } from "vitest";
import { createLiveUpstreams, type UpstreamAccessEntry } from "../src/upstream/live-upstreams.ts";
import { createListeningGateway, found, openUpstreams, type OpenedUpstreams } from "./open-upstreams.ts";

const endpoint = "https://api.example/v1";

/** A live list without its timers: the test says when it looks for changes. */
function createLive({ list, storage, clock }: Pick<OpenedUpstreams, "list" | "storage" | "clock">) {
  const gateway = createListeningGateway();
  const errors: unknown[] = [];
  const loads: (readonly UpstreamAccessEntry[])[] = [];
  const live = createLiveUpstreams({
    list,
    storage,
    gateway,
    onLoaded: (access) => loads.push(access),
    onError: (error) => errors.push(error),
    now: () => clock.now,
  });
  onTestFinished(() => live.close());
  return { live, gateway, errors, loads, names: () => gateway.upstreams.map(({ name }) => name) };
}

const change = (given: Partial<HealthChange> = {}): HealthChange => ({
  upstream: "a",
  upstreamId: "ups_a",
  keyLast4: undefined,
  from: "closed",
  to: "open",
  reason: "5 failures in a row",
  ...given,
});

it("hands the gateway every change of this process at once", async () => {
  await using opened = await openUpstreams();
  const { live, gateway, names } = createLive(opened);
  await live.load();
  const { id } = await live.add({ name: "a", endpoint, keys: ["sk-1"] });
  expect(names()).toEqual(["a"]);
  await live.update({ id, models: ["m"] });
  expect(gateway.upstreams).toMatchObject([{ name: "a", keys: ["sk-1"], models: ["m"] }]);
  await live.update({ id, isEnabled: false });
  expect(names()).toEqual([]);
  await live.update({ id, isEnabled: true });
  await live.remove({ id });
  expect(names()).toEqual([]);
});

it("notices what another process changed the next time it looks, and loads nothing otherwise", async () => {
  await using opened = await openUpstreams();
  const { live, loads, names } = createLive(opened);
  await live.load();
  const command = await opened.openAnother();
  await command.list.add({ name: "a", endpoint, keys: ["sk-1"] }, "cli");
  expect(names()).toEqual([]);
  await live.poll();
  expect(names()).toEqual(["a"]);
  await command.list.update({ id: 1, name: "b" });
  await live.poll();
  expect(names()).toEqual(["b"]);
  expect(loads).toHaveLength(3);
  for (let round = 0; round < 5; round++) await live.poll();
  expect(loads).toHaveLength(3);
  await command.list.remove({ id: 1 });
  await live.poll();
  expect(names()).toEqual([]);
});

it("says who may use what, before the gateway has it", async () => {
  await using opened = await openUpstreams();
  const { live, loads } = createLive(opened);
  await opened.list.replaceFound([
    found("a", {}, { access: { tokens: ["t1", "t2"], isOpen: false } }),
    found("b", {}, { access: { tokens: [], isOpen: true } }),
    found("c"),
  ]);
  await live.load();
  expect(loads).toEqual([
    [
      { upstreamId: "ups_a", tokens: ["t1", "t2"], isOpen: false },
      { upstreamId: "ups_b", tokens: [], isOpen: true },
      { upstreamId: "ups_c", tokens: [], isOpen: false },
    ],
  ]);
});

it("adds up what several processes count, and begins with it the next time", async () => {
  await using opened = await openUpstreams();
  const first = createLive(opened);
  const second = createLive({ ...(await opened.openAnother()), clock: opened.clock });
  await opened.list.replaceFound([found("a"), found("b")]);
  await first.live.load();
  await second.live.load();
  first.gateway.count("a", { successes: 3, at: 100 });
  second.gateway.count("a", { successes: 2, failures: 1, at: 200 });
  await first.live.flush();
  await second.live.flush();
  await first.live.flush();
  first.gateway.count("a", { successes: 1, at: 300 });
  expect(await first.live.list()).toMatchObject([
    {
      name: "a",
      successes: 6,
      failures: 1,
      lastSuccessAt: new Date(300),
      lastFailureAt: new Date(200),
    },
    { name: "b", successes: 0, failures: 0, lastSuccessAt: null, lastFailureAt: null },
  ]);
  const third = createLive(opened);
  await third.live.load();
  expect(third.gateway.upstreams[0]?.tally).toEqual({
    successes: 6,
    failures: 1,
    lastSuccessAt: 300,
    lastFailureAt: 200,
  });
  await third.live.flush();
  expect(await third.live.list()).toMatchObject([{ successes: 6, failures: 1 }, { successes: 0 }]);
});

it("counts nothing twice and loses nothing when the list changes meanwhile, and stores the rest when it closes", async () => {
  await using opened = await openUpstreams();
  const { live, gateway } = createLive(opened);
  await live.add({ name: "a", endpoint });
  gateway.count("a", { successes: 1, at: 1 });
  await live.add({ name: "b", endpoint: "https://b.example" });
  gateway.count("a", { successes: 1, at: 2 });
  await live.update({ id: 1, isEnabled: false });
  await live.update({ id: 1, isEnabled: true });
  gateway.count("a", { failures: 1, at: 3 });
  gateway.count("b", { successes: 1, at: 4 });
  await live.remove({ id: 2 });
  await live.close();
  expect(await opened.list.list()).toMatchObject([
    {
      name: "a",
      successes: 2,
      failures: 1,
      lastSuccessAt: new Date(2),
      lastFailureAt: new Date(3),
    },
  ]);
});

it("goes on with the list that it has while the database does not answer", async () => {
  await using opened = await openUpstreams();
  const { live, names } = createLive(opened);
  await live.add({ name: "a", endpoint });
  await opened.storage.close();
  await expect(live.poll()).rejects.toThrow(/./);
  expect(names()).toEqual(["a"]);
});

it("tells of upstreams whose keys do not open, and uses the others", async () => {
  await using opened = await openUpstreams();
  await opened.list.add({ name: "sealed", endpoint, keys: ["sk-1"] }, "api");
  await opened.list.add({ name: "keyless", endpoint }, "api");
  const { live, errors, names } = createLive({ ...(await opened.openAnother(2)), clock: opened.clock });
  await live.load();
  expect(names()).toEqual(["keyless"]);
  expect(errors.map(String)).toEqual([
    "Error: The keys of these upstreams do not open, so that they are not used: sealed.",
  ]);
});

it("tests an upstream with its own keys, also one that is switched off", async () => {
  await using opened = await openUpstreams();
  const { live } = createLive(opened);
  const { id } = await live.add({ name: "a", endpoint, isEnabled: false });
  expect(await live.test({ id, model: "m" })).toMatchObject({ upstream: "a", isReachable: true, model: "m" });
  await expect(live.test({ id: id + 1 })).rejects.toMatchObject({ code: "not_found" });
});

/** Reads the next events, so many. */
async function take(events: AsyncGenerator<HealthEvent, void>, count: number): Promise<HealthEvent[]> {
  const taken: HealthEvent[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

it("tells a follower how everybody is, then each change at once, then the figures again", async () => {
  await using opened = await openUpstreams();
  const { live, gateway } = createLive(opened);
  await opened.list.replaceFound([found("a")]);
  await live.load();
  gateway.count("a", { successes: 2, at: 5 });
  const leaving = new AbortController();
  const events = live.followHealth(leaving.signal);
  expect(await take(events, 1)).toMatchObject([
    {
      type: "snapshot",
      upstreams: [
        { upstreamId: "ups_a", breaker: "closed", openUntil: null, successes: 2, lastSuccessAt: new Date(5) },
      ],
    },
  ]);
  const next = take(events, 2);
  live.noteHealthChange(change());
  live.noteHealthChange(change({ keyLast4: "0123", from: "ok", to: "cooling" }));
  expect(await next).toEqual([
    {
      type: "change",
      at: new Date(opened.clock.now),
      upstreamId: "ups_a",
      name: "a",
      keyLast4: null,
      from: "closed",
      to: "open",
      reason: "5 failures in a row",
    },
    expect.objectContaining({ type: "change", keyLast4: "0123", to: "cooling" }),
  ]);
  const figures = take(events, 1);
  await live.add({ name: "b", endpoint });
  expect(await figures).toMatchObject([{ type: "snapshot", upstreams: [{ name: "a" }, { name: "b" }] }]);
  const ending = events.next();
  leaving.abort();
  expect(await ending).toEqual({ value: undefined, done: true });
});

it("keeps the newest hundred changes for a follower that does not read, and ends with the list", async () => {
  await using opened = await openUpstreams();
  const { live } = createLive(opened);
  const events = live.followHealth(new AbortController().signal);
  expect(await take(events, 1)).toMatchObject([{ type: "snapshot" }]);
  for (let index = 0; index < 250; index++) live.noteHealthChange(change({ reason: String(index) }));
  const kept = await take(events, 100);
  expect(kept.map((event) => event.type === "change" && event.reason)).toEqual(
    Array.from({ length: 100 }, (_, index) => String(150 + index)),
  );
  const ending = events.next();
  await live.close();
  expect(await ending).toEqual({ value: undefined, done: true });
});
