import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import { createConversation, createMessage, insertConversation, insertRun, nextId } from "./rows.ts";

/** What every database guarantees of conversations as they are shown, taken along and removed. */
export function testShelf(open: OpenDatabase): void {
  it("has pinned conversations first, of each kind the newest first, and loses none between pages", async () => {
    await using database = await open();
    const { storage } = database;
    const { userId, id } = await insertConversation(storage);
    await storage.conversations.update(id, userId, { isArchived: true, isPinned: true });
    const shelf = [];
    for (let index = 0; index < 20; index++) {
      const row = createConversation({ userId, isPinned: index % 3 === 0, isArchived: index % 4 === 0 });
      await storage.conversations.insert(row);
      shelf.push(row);
    }
    await insertConversation(storage);
    const expected = shelf
      .filter(({ isArchived }) => !isArchived)
      .toSorted((a, b) => Number(b.isPinned) - Number(a.isPinned) || b.id - a.id);
    for (const limit of [1, 2, 3, 7, 100]) {
      const seen = [];
      for (let behind; ;) {
        const page = await storage.conversations.listShelf(userId, { isArchived: false, behind, limit });
        seen.push(...page);
        const last = page.at(-1);
        if (last === undefined || page.length < limit) break;
        behind = { isPinned: last.isPinned, before: last.id };
      }
      expect(seen).toEqual(expected);
    }
    const all = { isArchived: undefined, behind: undefined, limit: 100 };
    expect(await storage.conversations.listShelf(userId, all)).toHaveLength(21);
  });

  it("takes a document once for each user", async () => {
    await using database = await open();
    const { conversations } = database.storage;
    const mine = await insertConversation(database.storage, { importKey: "key" });
    const other = await insertConversation(database.storage, { importKey: "key" });
    expect(await conversations.findByImportKey("key", mine.userId)).toEqual(mine);
    expect(await conversations.findByImportKey("key", other.userId)).toEqual(other);
    const { userId } = mine;
    expect(await conversations.insert(createConversation({ userId, importKey: "key" }))).toBe(false);
  });

  it("removes conversations in steps, up to an id", async () => {
    await using database = await open();
    const { conversations } = database.storage;
    const first = await insertConversation(database.storage);
    const { userId } = first;
    const [second, third] = [createConversation({ userId }), createConversation({ userId })];
    for (const row of [second, third]) await conversations.insert(row);
    const upTo = second.id;
    expect(await conversations.deleteOldest(userId, { upTo, limit: 1 })).toEqual([first.id]);
    expect(await conversations.deleteOldest(userId, { upTo, limit: 5 })).toEqual([second.id]);
    expect(await conversations.deleteOldest(userId, { upTo, limit: 5 })).toEqual([]);
    expect(await conversations.list(userId, { limit: 5 })).toEqual([third]);
  });

  it("frees the name of an account with the first step of removing it, and all of it with the last", async () => {
    await using database = await open();
    const { storage } = database;
    const run = await insertRun(storage);
    const { userId } = run;
    await storage.messages.insert([createMessage({ conversationId: run.conversationId, content: "mine" })]);
    const name = `user ${userId}`;
    expect(await storage.users.findByKey(name)).toBeDefined();
    await storage.erasures.begin(userId, 5);
    expect(await storage.users.findByKey(name)).toBeUndefined();
    expect((await storage.users.list()).map(({ id }) => id)).not.toContain(userId);
    expect(await storage.erasures.listBegun()).toEqual([userId]);
    await storage.erasures.finish(userId);
    expect(await storage.erasures.listBegun()).toEqual([]);
    expect(await storage.runs.find(run.id, userId)).toBeUndefined();
    expect(await storage.conversations.list(userId, { limit: nextId() })).toEqual([]);
  });
}
