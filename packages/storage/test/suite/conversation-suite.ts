import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import {
  countTrue,
  createBranch,
  createConversation,
  createRun,
  insertConversation,
  insertMessages,
  insertRun,
} from "./rows.ts";

export function testConversations(open: OpenDatabase): void {
  it("finds what it was given", async () => {
    await using database = await open();
    const { conversations } = database.storage;
    const full = await insertConversation(database.storage, {
      title: "Plans",
      apiKeySealed: "sealed",
      systemPrompt: "",
      knowledgeBaseIds: ["kb_1", "kb_2"],
      topK: 3,
      headMessageId: "msg_1",
      createdAt: 5,
      updatedAt: 6,
    });
    expect(await conversations.find(full.id, full.userId)).toEqual(full);
    const change = { knowledgeBaseIds: [], topK: null };
    expect(await conversations.update(full.id, full.userId, change)).toBe(true);
    expect(await conversations.find(full.id, full.userId)).toEqual({ ...full, ...change });
  });

  it("hides a foreign conversation: from finding, listing, changing and removing", async () => {
    await using database = await open();
    const { conversations } = database.storage;
    const mine = await insertConversation(database.storage);
    const { userId: stranger } = await insertConversation(database.storage);
    expect(await conversations.find(mine.id, stranger)).toBeUndefined();
    expect((await conversations.list(stranger, { limit: 10 })).map(({ userId }) => userId)).toEqual([
      stranger,
    ]);
    expect(await conversations.update(mine.id, stranger, { title: "Mine now" })).toBe(false);
    expect(await conversations.update(mine.id, stranger, {})).toBe(false);
    expect(await conversations.delete(mine.id, stranger)).toBe(false);
    expect(await conversations.find(mine.id, mine.userId)).toEqual(mine);
  });

  it("gives an id to exactly one of many that want it at once", async () => {
    await using database = await open();
    const { conversations } = database.storage;
    const { userId } = await insertConversation(database.storage);
    const wanting = Array.from({ length: 20 }, () => createConversation({ id: 1_000_000, userId }));
    const outcomes = await Promise.all(wanting.map((conversation) => conversations.insert(conversation)));
    expect(countTrue(outcomes)).toBe(1);
  });

  it("lists page by page, newest first, each conversation once", async () => {
    await using database = await open();
    const { conversations } = database.storage;
    const { userId, id } = await insertConversation(database.storage);
    const rest = Array.from({ length: 10 }, () => createConversation({ userId }));
    for (const conversation of rest) await conversations.insert(conversation);
    const listed: number[] = [];
    for (let before: number | undefined; ; before = listed.at(-1)) {
      const page = await conversations.list(userId, { before, limit: 4 });
      listed.push(...page.map((conversation) => conversation.id));
      if (page.length < 4) break;
    }
    expect(listed).toEqual([id, ...rest.map((conversation) => conversation.id)].toReversed());
  });

  it("changes what it is told to, `null` included, and nothing else", async () => {
    await using database = await open();
    const { conversations } = database.storage;
    const before = await insertConversation(database.storage, {
      apiKeySealed: "sealed",
      systemPrompt: "Be kind.",
    });
    const other = await insertConversation(database.storage, { userId: before.userId });
    const change = { title: "New", apiKeySealed: null, headMessageId: "msg_2", updatedAt: 2000 };
    expect(await conversations.update(before.id, before.userId, change)).toBe(true);
    expect(await conversations.find(before.id, before.userId)).toEqual({ ...before, ...change });
    expect(await conversations.update(before.id, before.userId, { model: "m2", systemPrompt: null })).toBe(
      true,
    );
    expect(await conversations.find(before.id, before.userId)).toMatchObject({
      model: "m2",
      systemPrompt: null,
    });
    expect(await conversations.find(other.id, other.userId)).toEqual(other);
  });

  it("takes a change of nothing for a question whether it is there", async () => {
    await using database = await open();
    const { conversations } = database.storage;
    const conversation = await insertConversation(database.storage);
    expect(await conversations.update(conversation.id, conversation.userId, {})).toBe(true);
    expect(await conversations.find(conversation.id, conversation.userId)).toEqual(conversation);
  });

  it("removes a conversation with its messages, runs and journals, and only its own", async () => {
    await using database = await open();
    const { storage } = database;
    const gone = await insertRun(storage);
    const kept = await insertRun(storage, { userId: gone.userId });
    for (const { conversationId } of [gone, kept])
      await insertMessages(storage, createBranch(3, { conversationId }));
    await storage.journal([gone, kept].map(({ id }) => ({ runId: id, start: 0, events: "[]" })));
    expect(await storage.conversations.delete(gone.conversationId, gone.userId)).toBe(true);
    expect(await storage.conversations.delete(gone.conversationId, gone.userId)).toBe(false);
    expect(await storage.messages.listChildIds(gone.conversationId, [null])).toEqual(new Map());
    expect(await storage.runs.find(gone.id, gone.userId)).toBeUndefined();
    expect(await storage.runs.listSegments(gone.id)).toEqual([]);
    expect((await storage.messages.listChildIds(kept.conversationId, [null])).size).toBe(1);
    expect(await storage.runs.find(kept.id, kept.userId)).toEqual(kept);
    expect(await storage.runs.listSegments(kept.id)).toHaveLength(1);
  });

  it("removes a conversation of 10,000 messages, each the answer to the one before, with all its versions", async () => {
    await using database = await open();
    const { storage } = database;
    const conversation = await insertConversation(storage);
    const branch = createBranch(9000, { conversationId: conversation.id });
    const half = branch[4500]?.id ?? null;
    const versions = createBranch(1000, { conversationId: conversation.id, parentId: half });
    await insertMessages(storage, [...branch, ...versions]);
    await storage.runs.insert(createRun({ userId: conversation.userId, conversationId: conversation.id }));
    expect(await storage.conversations.delete(conversation.id, conversation.userId)).toBe(true);
    const left = await storage.messages.listChildIds(conversation.id, [
      null,
      ...versions.map(({ id }) => id),
    ]);
    expect(left).toEqual(new Map());
    expect(await storage.messages.find(branch.at(-1)?.id ?? "", conversation.id)).toBeUndefined();
  });
}
