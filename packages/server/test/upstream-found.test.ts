import { describe, expect, it } from "vitest";
import { found, openUpstreams, type OpenedUpstreams } from "./open-upstreams.ts";

const names = async ({ list }: OpenedUpstreams) => (await list.list()).map(({ name }) => name);
const used = async ({ list }: OpenedUpstreams) =>
  (await list.readUsed()).upstreams.map(({ upstream }) => upstream);

describe("what is found at a start", () => {
  it("is the list, in its order, with numbers that last", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    expect(await list.replaceFound([found("a"), found("b")])).toEqual([]);
    const before = await list.list();
    expect(before.map(({ id, name, source }) => [id, name, source])).toEqual([
      [1, "a", "config"],
      [2, "b", "config"],
    ]);
    await list.replaceFound([found("c"), found("b", { tier: 1 }), found("a")]);
    expect((await list.list()).map(({ id, name }) => [id, name])).toEqual([
      [3, "c"],
      [2, "b"],
      [1, "a"],
    ]);
    expect(await used(opened)).toEqual([
      found("c").upstream,
      found("b", { tier: 1 }).upstream,
      found("a").upstream,
    ]);
  });

  it("takes away what was found before and is not found now, from whatever place", async () => {
    await using opened = await openUpstreams();
    const sources = ["config", "environment", "local", "demo"] as const;
    await opened.list.replaceFound(sources.map((source) => found(source, {}, { source })));
    await opened.list.replaceFound([found("a")]);
    expect(await names(opened)).toEqual(["a"]);
  });

  it("changes nothing when it is the same again, not even the revision", async () => {
    await using opened = await openUpstreams();
    const { list, storage } = opened;
    const all = [
      found("a", { clocks: { idleMs: 5, connectMs: 3 }, deny: ["x"] }),
      found("b", {}, { access: { tokens: ["t"], isOpen: false } }),
    ];
    await list.replaceFound(all);
    const before = [await storage.upstreams.list(), await list.readRevision()];
    const turned = { ...all[0]?.upstream, clocks: { connectMs: 3, idleMs: 5 } };
    await list.replaceFound([found("a", turned), all[1] ?? found("b")]);
    expect([await storage.upstreams.list(), await list.readRevision()]).toEqual(before);
  });

  it("keeps its keys sealed, and what is remembered of the file too", async () => {
    await using opened = await openUpstreams();
    await opened.list.replaceFound([
      found("a", {}, { access: { tokens: ["a-token-of-callers"], isOpen: false } }),
    ]);
    const stored = JSON.stringify(await opened.storage.upstreams.list());
    expect(stored).not.toMatch(/sk-key-of-a|a-token-of-callers/);
  });
});

describe("what administrators did to an entry of the file", () => {
  it("lasts while the file says of it what it said before, and the log says so", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    const file = [found("a"), found("b"), found("c"), found("d")];
    await list.replaceFound(file);
    await list.update({ id: 1, endpoint: "https://moved.example", name: "renamed" });
    await list.update({ id: 2, isEnabled: false });
    await list.remove({ id: 3 });
    const after = await list.list();
    const sentences = await list.replaceFound(file);
    expect(await list.list()).toEqual(after);
    expect(after.map(({ name, endpoint, isEnabled }) => [name, endpoint, isEnabled])).toEqual([
      ["renamed", "https://moved.example", true],
      ["b", "https://b.example/v1", false],
      ["d", "https://d.example/v1", true],
    ]);
    expect(sentences).toEqual([
      "Upstream a stays as an administrator changed it; change its entry to undo that",
      "Upstream b stays as an administrator changed it; change its entry to undo that",
      "Upstream c stays removed, as an administrator left it; change its entry to have it back",
    ]);
  });

  it("ends when the file says something new of that entry; only switched off stays switched off", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    await list.replaceFound([found("a"), found("b"), found("c")]);
    await list.update({ id: 1, endpoint: "https://moved.example", name: "renamed" });
    await list.update({ id: 2, isEnabled: false });
    await list.remove({ id: 3 });
    const file = ["a", "b", "c"].map((name) => found(name, { weight: 2 }));
    expect(await list.replaceFound(file)).toEqual([]);
    expect((await list.list()).map(({ id, name, isEnabled }) => [id, name, isEnabled])).toEqual([
      [1, "a", true],
      [2, "b", false],
      [3, "c", true],
    ]);
    expect((await list.open({ id: 1 })).upstream).toEqual(file[0]?.upstream);
  });

  it("ends when the entry leaves the file: back in it, it is as new", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    await list.replaceFound([found("a")]);
    await list.remove({ id: 1 });
    await list.replaceFound([]);
    await list.replaceFound([found("a")]);
    expect((await list.list()).map(({ id, name }) => [id, name])).toEqual([[2, "a"]]);
  });

  it("leaves nothing of a removed upstream but that it is removed", async () => {
    await using opened = await openUpstreams();
    const { list, storage } = opened;
    await list.replaceFound([found("a", { models: ["m"], deny: ["x"] })]);
    await list.remove({ id: 1 });
    expect(await storage.upstreams.list()).toMatchObject([
      { keysSealed: [], tokensSealed: [], models: [], options: {}, removedAt: expect.any(Number) },
    ]);
    expect(await used(opened)).toEqual([]);
    // The name is free.
    expect((await list.add({ name: "a", endpoint: "https://a.example" }, "api")).id).toBe(2);
  });
});

it("has the demo answer only while there is no other that could", async () => {
  await using opened = await openUpstreams();
  const { list } = opened;
  const usedNames = async () => (await used(opened)).map(({ name }) => name);
  await list.replaceFound([found("demo", {}, { source: "demo" })]);
  expect(await usedNames()).toEqual(["demo"]);
  const { id } = await list.add({ name: "real", endpoint: "https://real.example" }, "cli");
  expect(await usedNames()).toEqual(["real"]);
  await list.update({ id, isEnabled: false });
  expect(await usedNames()).toEqual(["demo"]);
});

describe("entries that were added", () => {
  it("stay at every start, behind those that are found", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    await list.add({ name: "from-cli", endpoint: "https://cli.example" }, "cli");
    await list.replaceFound([found("a")]);
    await list.add({ name: "from-api", endpoint: "https://api.example" }, "api");
    await list.replaceFound([found("a"), found("b"), found("c"), found("d")]);
    expect(await names(opened)).toEqual(["a", "b", "c", "d", "from-cli", "from-api"]);
    await list.replaceFound([]);
    expect(await names(opened)).toEqual(["from-cli", "from-api"]);
  });

  it("give their name up to an entry of the file, and the log says so", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    await list.add({ name: "a", endpoint: "https://mine.example" }, "api");
    await list.add({ name: "a-2", endpoint: "https://other.example" }, "api");
    expect(await list.replaceFound([found("a")])).toEqual([
      "Upstream a is called a-3 from now on: another has its name",
    ]);
    expect((await list.list()).map(({ name, endpoint }) => [name, endpoint])).toEqual([
      ["a", "https://a.example/v1"],
      ["a-3", "https://mine.example"],
      ["a-2", "https://other.example"],
    ]);
  });

  it("and renamed ones of the file may change names in one start", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    await list.replaceFound([found("a"), found("b")]);
    await list.update({ id: 1, name: "c" });
    await list.update({ id: 2, name: "a" });
    await list.replaceFound([found("a", { tier: 1 }), found("b")]);
    expect((await list.list()).map(({ id, name }) => [id, name])).toEqual([
      [1, "a"],
      [2, "a-2"],
    ]);
  });
});
