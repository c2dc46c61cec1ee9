import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import { createUser } from "./rows.ts";

export function testVoiceMemories(open: OpenDatabase): void {
  it("remembers one account of a conversation, the newest", async () => {
    await using database = await open();
    const { voiceMemories } = database.storage;
    expect(await voiceMemories.find("a")).toBeUndefined();
    await voiceMemories.save({ id: "a", userId: null, turns: "[1]", updatedAt: 1 });
    await voiceMemories.save({ id: "b", userId: null, turns: "[3]", updatedAt: 3 });
    const newest = { id: "a", userId: null, turns: "[2]", updatedAt: 2 };
    await voiceMemories.save(newest);
    expect(await voiceMemories.find("a")).toEqual(newest);
  });

  it("forgets the oldest first, so many at a time", async () => {
    await using database = await open();
    const { voiceMemories } = database.storage;
    for (const at of [3, 1, 2, 4])
      await voiceMemories.save({ id: String(at), userId: null, turns: "[]", updatedAt: at });
    expect(await voiceMemories.deleteOlder(4, 2)).toBe(2);
    expect(await voiceMemories.find("3")).toBeDefined();
    expect(await voiceMemories.deleteOlder(4, 2)).toBe(1);
    expect(await voiceMemories.find("4")).toBeDefined();
  });

  it("forgets a user with their account", async () => {
    await using database = await open();
    const { storage } = database;
    const user = createUser();
    await storage.users.insert(user);
    await storage.voiceMemories.save({ id: "a", userId: user.id, turns: "[]", updatedAt: 1 });
    await storage.erasures.finish(user.id);
    expect(await storage.voiceMemories.find("a")).toBeUndefined();
  });
}
