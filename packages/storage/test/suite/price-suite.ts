import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";

const prices = { input: 2_500_000_000, output: 10_000_000_000, cachedInput: 0 };

export function testPrices(open: OpenDatabase): void {
  it("keeps one price for a pattern, and one for it at each upstream", async () => {
    await using database = await open();
    const { prices: rows } = database.storage;
    const general = { model: "gpt-*", prices };
    const special = { model: "gpt-*", upstream: "cheap", prices: { input: 1, output: 2, request: 3 } };
    await rows.put(special, 1000);
    await rows.put({ model: "gpt-*", prices: { input: 9, output: 9 } }, 1000);
    await rows.put(general, 2000);
    expect(await rows.list()).toEqual([general, special]);
  });

  it("removes the price that is named, and tells whether there was one", async () => {
    await using database = await open();
    const { prices: rows } = database.storage;
    await rows.put({ model: "a", prices }, 1);
    await rows.put({ model: "a", upstream: "u", prices }, 1);
    expect(await rows.delete({ model: "a" })).toBe(true);
    expect(await rows.delete({ model: "a" })).toBe(false);
    expect(await rows.list()).toEqual([{ model: "a", upstream: "u", prices }]);
  });
}
