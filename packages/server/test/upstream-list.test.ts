import { describe, expect, it } from "vitest";
import { codeOf } from "./open-services.ts";
import { openUpstreams, type OpenedUpstreams } from "./open-upstreams.ts";

const endpoint = "https://api.example/v1";
const key = "sk-a-key-of-some-length-1234";

const changesOf = async ({ list }: OpenedUpstreams, work: () => Promise<unknown>) => {
  const before = await list.readRevision();
  await work();
  return (await list.readRevision()) - before;
};

describe("an upstream that is added", () => {
  it("is shown with a number, the host as its name, every default, and a masked key", async () => {
    await using opened = await openUpstreams();
    const added = await opened.list.add({ endpoint, keys: [key] }, "api");
    expect(added).toEqual({
      id: 1,
      upstreamId: expect.stringMatching(/^ups_[0-9a-z]{26}$/),
      name: "api.example",
      source: "api",
      endpoint,
      keys: ["…1234"],
      passAuthorization: false,
      models: [],
      deny: [],
      aliases: {},
      clocks: {},
      modelClocks: {},
      weight: 1,
      tier: 0,
      concurrencyMax: null,
      queueMax: 0,
      midstream: "exact",
      prefill: null,
      keepHeaders: false,
      discover: false,
      tokens: [],
      isOpen: false,
      isEnabled: true,
      successes: 0,
      failures: 0,
      lastSuccessAt: null,
      lastFailureAt: null,
      createdAt: expect.any(Date),
      updatedAt: expect.any(Date),
    });
    expect(await opened.list.list()).toEqual([added]);
    expect((await opened.list.list({ showsKeys: true }))[0]?.keys).toEqual([key]);
  });

  it("reaches the gateway with everything that was said of it, and nothing else", async () => {
    await using opened = await openUpstreams();
    const said = {
      name: "one",
      endpoint,
      keys: [key, "another-key-5678"],
      passAuthorization: true,
      models: ["m-*"],
      deny: ["m-1"],
      aliases: { fast: "m-2" },
      clocks: { idleMs: 5 },
      modelClocks: { "m-2": { firstByteMs: 7 } },
      weight: 2.5,
      tier: 1,
      concurrencyMax: 3,
      queueMax: 4,
      midstream: "continue" as const,
      prefill: "partial" as const,
      keepHeaders: true,
      discover: true,
    };
    const { id, upstreamId } = await opened.list.add({ ...said, tokens: ["caller"], isOpen: true }, "cli");
    await opened.list.add({ name: "two", endpoint, concurrencyMax: null, prefill: null }, "cli");
    const { upstreams, unreadable } = await opened.list.readUsed();
    expect(unreadable).toEqual([]);
    expect(upstreams[0]).toEqual({
      upstream: { id: upstreamId, ...said },
      access: { tokens: ["caller"], isOpen: true },
    });
    expect(upstreams[1]).toEqual({
      upstream: { id: expect.any(String), name: "two", endpoint, keys: [], models: [], aliases: {} },
      access: { tokens: [], isOpen: false },
    });
    expect(await opened.list.open({ id })).toEqual(upstreams[0]);
  });

  it("takes the next free name, and refuses one that is taken, a copy, and an endpoint that is none", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    await list.add({ endpoint, keys: [key] }, "api");
    expect((await list.add({ endpoint, keys: ["another"] }, "api")).name).toBe("api.example-2");
    expect((await list.add({ endpoint, keys: [key], models: ["m"] }, "cli")).name).toBe("api.example-3");
    const refused: [string, Promise<unknown>][] = [
      ["conflict", list.add({ name: "api.example", endpoint: "https://b.example" }, "api")],
      ["conflict", list.add({ endpoint: `${endpoint}/`, keys: [key] }, "api")],
      ["invalid_input", list.add({ endpoint: "ftp://x" }, "api")],
      ["invalid_input", list.add({ endpoint: "https://user:pass@x.example" }, "api")],
    ];
    for (const [code, adding] of refused) expect(await codeOf(adding)).toBe(code);
    expect((await list.list()).map(({ id, name }) => [id, name])).toEqual([
      [1, "api.example"],
      [2, "api.example-2"],
      [3, "api.example-3"],
    ]);
  });

  it("gets a number of its own when twenty come at once, and is stored without its key", async () => {
    await using opened = await openUpstreams();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        opened.list.add({ endpoint, keys: [`sk-secret-number-${index}`] }, "api"),
      ),
    );
    const numbers = (await opened.list.list()).map(({ id }) => id);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const stored = JSON.stringify(await opened.storage.upstreams.list());
    expect(stored).not.toContain("sk-secret");
  });
});

describe("an upstream that is changed", () => {
  it("changes in what is said, and in nothing else", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    const said = { tier: 1, concurrencyMax: 5, prefill: "prefix" as const, isOpen: true };
    const before = await list.add({ endpoint, keys: [key], ...said }, "api");
    const unsaid = { concurrencyMax: null, prefill: null };
    const after = await list.update({ id: before.id, models: ["m"], isEnabled: false, ...unsaid });
    expect(after).toEqual({
      ...before,
      models: ["m"],
      isEnabled: false,
      ...unsaid,
      updatedAt: after.updatedAt,
    });
    expect(after.updatedAt.getTime()).toBeGreaterThan(before.updatedAt.getTime());
    expect((await list.readUsed()).upstreams).toEqual([]);
    expect((await list.open({ id: before.id })).upstream.keys).toEqual([key]);
  });

  it("keeps the keys that are written as they are shown, wherever they stand", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    const [first, second] = ["first-key-is-1111", "second-key-is-2222"];
    const { id } = await list.add({ endpoint, keys: [first, second], tokens: ["short"] }, "api");
    const keysAfter = async (keys: string[]) => {
      await list.update({ id, keys, tokens: ["…"] });
      const { upstream, access } = await list.open({ id });
      expect(access.tokens).toEqual(["short"]);
      return upstream.keys;
    };
    expect(await keysAfter(["…1111", "…2222"])).toEqual([first, second]);
    expect(await keysAfter(["…2222", "third-key-is-3333"])).toEqual([second, "third-key-is-3333"]);
    expect(await codeOf(list.update({ id, keys: ["…9999"] }))).toBe("invalid_input");
    expect((await list.open({ id })).upstream.keys).toEqual([second, "third-key-is-3333"]);
  });

  it("must be there, and must not take the name of another", async () => {
    await using opened = await openUpstreams();
    const { list } = opened;
    const { id } = await list.add({ name: "one", endpoint }, "api");
    await list.add({ name: "two", endpoint: "https://b.example" }, "api");
    expect(await codeOf(list.update({ id: 99, models: [] }))).toBe("not_found");
    expect(await codeOf(list.remove({ id: 99 }))).toBe("not_found");
    expect(await codeOf(list.update({ id, name: "two" }))).toBe("conflict");
    expect(await codeOf(list.update({ id, endpoint: "nowhere" }))).toBe("invalid_input");
    expect((await list.update({ id, name: "one" })).name).toBe("one");
  });
});

it("is another state of the list after every change, and the same after none", async () => {
  await using opened = await openUpstreams();
  const { list } = opened;
  expect(await changesOf(opened, () => list.add({ endpoint }, "api"))).toBe(1);
  expect(await changesOf(opened, () => list.update({ id: 1, tier: 2 }))).toBe(1);
  expect(await changesOf(opened, () => codeOf(list.update({ id: 9 })))).toBe(0);
  expect(await changesOf(opened, () => codeOf(list.add({ endpoint }, "api")))).toBe(0);
  expect(await changesOf(opened, () => list.remove({ id: 1 }))).toBe(1);
  expect(await changesOf(opened, () => list.list())).toBe(0);
});

it("gives the number of one that is gone to nobody", async () => {
  await using opened = await openUpstreams();
  const { list } = opened;
  await list.add({ endpoint }, "api");
  await list.remove({ id: 1 });
  expect((await list.add({ endpoint }, "api")).id).toBe(2);
});

it("leaves out upstreams whose keys were sealed with another master key, until they are written anew", async () => {
  await using opened = await openUpstreams();
  await opened.list.add({ name: "sealed", endpoint, keys: [key], tokens: ["caller"] }, "api");
  await opened.list.add({ name: "keyless", endpoint }, "api");
  const { list } = await opened.openAnother(2);
  const { upstreams, unreadable } = await list.readUsed();
  expect(upstreams.map(({ upstream }) => upstream.name)).toEqual(["keyless"]);
  expect(unreadable).toEqual(["sealed"]);
  expect((await list.list())[0]).toMatchObject({ name: "sealed", keys: ["…"], tokens: ["…"] });
  for (const change of [{ tier: 1 }, { keys: [key] }, { keys: ["…"], tokens: ["…"] }]) {
    expect(await codeOf(list.update({ id: 1, ...change }))).toBe("invalid_input");
  }
  await list.update({ id: 1, keys: [key], tokens: ["caller"] });
  expect((await list.readUsed()).unreadable).toEqual([]);
});
