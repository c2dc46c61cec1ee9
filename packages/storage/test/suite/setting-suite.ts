import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";

export function testSettings(open: OpenDatabase): void {
  it("remembers one value a key, the newest", async () => {
    await using database = await open();
    const { settings } = database.storage;
    expect(await settings.find("setup_token_hash")).toBeUndefined();
    await settings.put("setup_token_hash", "a");
    await settings.put("setup_token_hash", "b");
    await settings.put("master_key_check", "c");
    expect(await settings.find("setup_token_hash")).toBe("b");
    await settings.delete("setup_token_hash");
    await settings.delete("setup_token_hash");
    expect(await settings.find("setup_token_hash")).toBeUndefined();
    expect(await settings.find("master_key_check")).toBe("c");
  });

  it("answers a ping while it is open, and only then", async () => {
    await using database = await open();
    await database.storage.ping();
    await database.storage.close();
    await expect(database.storage.ping()).rejects.toThrow(/destroyed|closed/);
  });

  it("closes twice without a complaint", async () => {
    await using database = await open();
    await database.storage.close();
    await expect(database.storage.close()).resolves.toBeUndefined();
  });
}
