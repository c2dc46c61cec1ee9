import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import { createUpstream } from "./rows.ts";

/** An upstream of which everything is said that can be said. */
const createWhole = () =>
  createUpstream({
    position: 1,
    source: "api",
    keysSealed: ["sealed-1", "sealed-2"],
    models: ["a", "b/c"],
    aliases: { fast: "a", __proto__x: "b" },
    clocks: { connectMs: 3000 },
    options: {
      passAuthorization: true,
      deny: ["b/*"],
      modelClocks: { "a*": { idleMs: 5 } },
      weight: 0.5,
      tier: 2,
      concurrencyMax: 3,
      queueMax: 4,
      midstream: "continue",
      prefill: "prefix",
      keepHeaders: true,
      discover: true,
    },
    tokensSealed: ["sealed-3"],
    isOpen: true,
    isEnabled: false,
    foundSealed: "sealed-4",
    removedAt: 4_000_000_000_000,
    createdAt: 1,
    updatedAt: 2,
  });

export function testUpstreams(open: OpenDatabase): void {
  it("lists what it was given, in the order of their positions", async () => {
    await using database = await open();
    const { upstreams } = database.storage;
    const last = createUpstream({ position: 2 });
    const first = createWhole();
    await upstreams.insert(last);
    await upstreams.insert(first);
    expect(await upstreams.list()).toEqual([first, last]);
    expect(await upstreams.findByNumber(first.number)).toEqual(first);
    expect(await upstreams.findByNumber(first.number + 1000)).toBeUndefined();
  });

  it.each(["name", "number", "id"] as const)("refuses a taken %s", async (field) => {
    await using database = await open();
    const { upstreams } = database.storage;
    const first = createUpstream();
    await upstreams.insert(first);
    await expect(upstreams.insert(createUpstream({ [field]: first[field] }))).rejects.toThrow(/unique/i);
  });

  it("changes everything of one upstream but its number, and nothing of another", async () => {
    await using database = await open();
    const { upstreams } = database.storage;
    const [before, other] = [createUpstream(), createUpstream({ position: 5 })];
    for (const upstream of [before, other]) await upstreams.insert(upstream);
    const after = { ...createWhole(), id: before.id };
    await upstreams.update(after);
    expect(await upstreams.list()).toEqual([{ ...after, number: before.number }, other]);
  });

  it("gives no number twice, and counts on behind those that are gone", async () => {
    await using database = await open();
    const { upstreams } = database.storage;
    const taken = await Promise.all(Array.from({ length: 20 }, () => upstreams.takeNumber()));
    expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const again = await database.reopen();
    expect(await again.upstreams.takeNumber()).toBe(21);
  });

  it("counts the revision up with a change, and not when the change is undone", async () => {
    await using database = await open();
    const { storage } = database;
    expect(await storage.upstreams.readRevision()).toBe(0);
    await storage.transaction(async (tx) => {
      await tx.upstreams.insert(createUpstream());
      await tx.upstreams.bumpRevision();
    });
    expect(await storage.upstreams.readRevision()).toBe(1);
    const failing = storage.transaction(async (tx) => {
      await tx.upstreams.bumpRevision();
      throw new Error("undo");
    });
    await expect(failing).rejects.toThrow("undo");
    expect(await storage.upstreams.readRevision()).toBe(1);
  });

  it("adds up what is counted, and keeps the latest times", async () => {
    await using database = await open();
    const { upstreams } = database.storage;
    const { id: upstreamId } = await insertOne(database.storage);
    const add = (change: object) =>
      upstreams.addTally({
        upstreamId,
        successes: 0,
        failures: 0,
        lastSuccessAt: null,
        lastFailureAt: null,
        ...change,
      });
    await add({ successes: 2, lastSuccessAt: 3_000_000_000_000 });
    await add({ failures: 1, lastFailureAt: 5 });
    await add({ successes: 3_000_000_000, lastSuccessAt: 7, lastFailureAt: 9 });
    await upstreams.addTally({
      upstreamId: "gone",
      successes: 1,
      failures: 0,
      lastSuccessAt: 1,
      lastFailureAt: null,
    });
    expect(await upstreams.listTallies()).toEqual([
      {
        upstreamId,
        successes: 3_000_000_002,
        failures: 1,
        lastSuccessAt: 3_000_000_000_000,
        lastFailureAt: 9,
      },
    ]);
  });

  it("forgets what was counted together with the upstream, or alone", async () => {
    await using database = await open();
    const { upstreams } = database.storage;
    const [first, second] = [await insertOne(database.storage), await insertOne(database.storage)];
    const counted = { successes: 1, failures: 1, lastSuccessAt: 1, lastFailureAt: 1 };
    for (const { id } of [first, second]) await upstreams.addTally({ upstreamId: id, ...counted });
    await upstreams.delete(first.id);
    expect(await upstreams.list()).toEqual([second]);
    expect(await upstreams.listTallies()).toEqual([{ upstreamId: second.id, ...counted }]);
    await upstreams.deleteTally(second.id);
    expect(await upstreams.listTallies()).toEqual([]);
    expect(await upstreams.list()).toEqual([second]);
  });
}

async function insertOne({ upstreams }: Awaited<ReturnType<OpenDatabase>>["storage"]) {
  const upstream = createUpstream();
  await upstreams.insert(upstream);
  return upstream;
}
