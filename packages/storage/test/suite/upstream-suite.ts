import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import { createUpstream } from "./rows.ts";

export function testUpstreams(open: OpenDatabase): void {
  it("lists what it was given, in the order of their positions", async () => {
    await using database = await open();
    const { upstreams } = database.storage;
    const last = createUpstream({ position: 2 });
    const first = createUpstream({
      position: 1,
      keySealed: "sealed",
      models: ["a", "b/c"],
      aliases: { fast: "a", __proto__x: "b" },
      clocks: { connectMs: 3000 },
    });
    await upstreams.insert(last);
    await upstreams.insert(first);
    expect(await upstreams.list()).toEqual([first, last]);
  });

  it("refuses a taken name", async () => {
    await using database = await open();
    const { upstreams } = database.storage;
    await upstreams.insert(createUpstream({ name: "one" }));
    await expect(upstreams.insert(createUpstream({ name: "one" }))).rejects.toThrow(/unique/i);
  });

  it("removes those of the named sources only", async () => {
    await using database = await open();
    const { upstreams } = database.storage;
    const all = ["config", "environment", "local", "demo"].map((source, position) =>
      createUpstream({ source, position }),
    );
    for (const upstream of all) await upstreams.insert(upstream);
    await upstreams.deleteBySource([]);
    expect(await upstreams.list()).toEqual(all);
    await upstreams.deleteBySource(["local", "config"]);
    expect((await upstreams.list()).map(({ source }) => source)).toEqual(["environment", "demo"]);
  });
}
