import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import { createMessage, createRun, createUser, insertConversation } from "./rows.ts";

export function testTransactions(open: OpenDatabase): void {
  it("stores all of it, and gives back what the work gives back", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: conversationId, userId } = await insertConversation(storage);
    const message = createMessage({ conversationId });
    const run = createRun({ userId, conversationId, userMessageId: message.id });
    const result = await storage.transaction(async (tx) => {
      await tx.messages.insert([message]);
      return await tx.runs.insert(run);
    });
    expect(result).toBe(true);
    const reopened = await database.reopen();
    expect(await reopened.messages.find(message.id, conversationId)).toEqual(message);
    expect(await reopened.runs.find(run.id, userId)).toEqual(run);
  });

  it("rolls back whole when the work fails, and passes the error on as it is", async () => {
    await using database = await open();
    const { storage } = database;
    const conversation = await insertConversation(storage);
    const message = createMessage({ conversationId: conversation.id });
    const run = createRun({ userId: conversation.userId, conversationId: conversation.id });
    const error = new Error("changed my mind");
    const work = storage.transaction(async (tx) => {
      await tx.messages.insert([message]);
      await tx.runs.insert(run);
      await tx.conversations.update(conversation.id, conversation.userId, { headMessageId: message.id });
      throw error;
    });
    await expect(work).rejects.toBe(error);
    expect(await storage.messages.find(message.id, conversation.id)).toBeUndefined();
    expect(await storage.runs.find(run.id, conversation.userId)).toBeUndefined();
    expect(await storage.conversations.find(conversation.id, conversation.userId)).toEqual(conversation);
  });

  it("rolls back whole when one of its statements fails, and goes on with the next transaction", async () => {
    await using database = await open();
    const { storage } = database;
    const conversation = await insertConversation(storage);
    const message = createMessage({ conversationId: conversation.id });
    const insertTwice = storage.transaction(async (tx) => {
      await tx.messages.insert([message]);
      await tx.messages.insert([message]);
    });
    await expect(insertTwice).rejects.toThrow(/unique/i);
    expect(await storage.messages.find(message.id, conversation.id)).toBeUndefined();
    await storage.transaction((tx) => tx.messages.insert([message]));
    expect(await storage.messages.find(message.id, conversation.id)).toEqual(message);
  });

  it("shows what is not yet committed to nobody else", async () => {
    await using database = await open();
    const { storage } = database;
    const user = createUser();
    const written = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const work = storage.transaction(async (tx) => {
      await tx.users.insert(user);
      written.resolve();
      await goOn.promise;
      throw new Error("never");
    });
    await written.promise;
    const read = storage.users.findById(user.id);
    goOn.resolve();
    await expect(work).rejects.toThrow("never");
    expect(await read).toBeUndefined();
  });

  it("serialises 20 at once: each message of a conversation is the answer to the one before", async () => {
    await using database = await open();
    const { storage } = database;
    const { id, userId } = await insertConversation(storage);
    const send = async (updatedAt: number) =>
      await storage.transaction(async (tx) => {
        // The write comes first: it makes the others wait.
        await tx.conversations.update(id, userId, { updatedAt });
        const head = (await tx.conversations.find(id, userId))?.headMessageId ?? null;
        const message = createMessage({ conversationId: id, parentId: head });
        await tx.messages.insert([message]);
        await tx.conversations.update(id, userId, { headMessageId: message.id });
      });
    await Promise.all(Array.from({ length: 20 }, (_, index) => send(index)));
    const head = (await storage.conversations.find(id, userId))?.headMessageId ?? "";
    expect(await storage.messages.listBranch(id, { messageId: head, limit: 100 })).toHaveLength(20);
    expect((await storage.messages.listChildIds(id, [null])).get(null)).toHaveLength(1);
  });

  it("keeps what committed apart from what failed, with both at once", async () => {
    await using database = await open();
    const { storage } = database;
    const users = Array.from({ length: 20 }, () => createUser());
    const outcomes = await Promise.allSettled(
      users.map((user, index) =>
        storage.transaction(async (tx) => {
          await tx.users.insert(user);
          if (index % 2 === 1) throw new Error("odd");
        }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      users.map((_, index) => (index % 2 === 1 ? "rejected" : "fulfilled")),
    );
    expect(await storage.users.list()).toEqual(users.filter((_, index) => index % 2 === 0));
  });
}
