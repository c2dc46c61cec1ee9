import { storableText } from "@llm-backend/contract";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { OpenDatabase } from "./open-database.ts";
import {
  createConversation,
  createMessage,
  createUpstream,
  createUser,
  insertConversation,
  insertMessages,
} from "./rows.ts";

const schema = storableText(100_000);
const storable = fc
  .oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.string({ unit: "grapheme", maxLength: 200 }))
  .filter((text) => schema.safeParse(text).success);

/** Texts that databases and drivers have tripped over. */
const notorious = [
  "",
  " ",
  "\n",
  "\r\n",
  "'; drop table users; --",
  "\\",
  "\\0",
  "%_",
  "$1 ? :a @b",
  "\u0001\u001f\u007f\u0080\u009f",
  "\ufeff\ufffe\uffff\u{10ffff}",
  "e\u0301 \u00e9",
  "😀👩‍👩‍👧🇦🇶",
  "\u202e\u2066",
  "null",
  "1e3",
  '{"a":[1]}',
  "x".repeat(1_000_000),
];

export function testValues(open: OpenDatabase): void {
  it("carries any storable text unharmed, wherever it is stored", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: conversationId, userId } = await insertConversation(storage);
    const property = fc.asyncProperty(fc.array(storable, { minLength: 1, maxLength: 20 }), async (texts) => {
      const messages = texts.map((text) =>
        createMessage({ conversationId, content: text, reasoning: text, model: text, finishReason: text }),
      );
      await insertMessages(storage, messages);
      for (const message of messages)
        expect(await storage.messages.find(message.id, conversationId)).toEqual(message);
      const [text = ""] = texts;
      const conversation = createConversation({ userId, title: text, model: text, systemPrompt: text });
      await storage.conversations.insert(conversation);
      expect(await storage.conversations.find(conversation.id, userId)).toEqual(conversation);
    });
    await fc.assert(property, { numRuns: 25 });
  });

  it.each(notorious)("carries %j unharmed", async (text) => {
    await using database = await open();
    const { storage } = database;
    const { id: conversationId } = await insertConversation(storage);
    const message = createMessage({ conversationId, content: text, reasoning: text });
    await storage.messages.insert([message]);
    expect(await storage.messages.find(message.id, conversationId)).toEqual(message);
    const user = createUser({ username: text, usernameKey: text });
    await storage.users.insert(user);
    expect(await storage.users.findByKey(text)).toEqual(user);
  });

  it("tells names apart that differ in case, width or composition only: what is equal is decided before", async () => {
    await using database = await open();
    const { users } = database.storage;
    const names = ["é", "e\u0301", "É", "ａ", "a", "A", "a ", "ß", "ss"];
    for (const name of names) expect(await users.insert(createUser({ usernameKey: name }))).toBe(true);
    for (const name of names) expect((await users.findByKey(name))?.usernameKey).toBe(name);
  });

  it("carries ids of 53 bits and times exactly", async () => {
    await using database = await open();
    const { storage } = database;
    const most = Number.MAX_SAFE_INTEGER;
    const user = createUser({ id: most, createdAt: most, tokensValidFrom: most - 1 });
    await storage.users.insert(user);
    expect(await storage.users.findById(most)).toEqual(user);
    expect(await storage.users.findById(most - 1)).toBeUndefined();
    const ids = [most, most - 1, most - 2, 2 ** 52 + 1, 2 ** 31];
    for (const id of ids) await storage.conversations.insert(createConversation({ id, userId: most }));
    for (const id of ids) expect((await storage.conversations.find(id, most))?.id).toBe(id);
    const listed = await storage.conversations.list(most, { before: most, limit: 10 });
    expect(listed.map(({ id }) => id)).toEqual(ids.slice(1));
  });

  it("carries positions of a journal beyond 32 bits, in order", async () => {
    await using database = await open();
    const { storage } = database;
    const { id: conversationId, userId } = await insertConversation(storage);
    const run = {
      id: "run_1",
      userId,
      requestId: "r",
      inputHash: "h",
      conversationId,
      userMessageId: null,
      assistantMessageId: "msg_1",
      continuedMessageId: null,
      onDisconnect: "continue",
      model: "m",
      state: "streaming",
      owner: "o",
      errorCode: null,
      errorMessage: null,
      log: null,
      createdAt: 1,
      endedAt: null,
    } as const;
    await storage.runs.insert(run);
    const starts = [2 ** 32 + 5, 9, 10 ** 14, 100];
    await storage.journal(starts.map((start) => ({ runId: run.id, start, events: "[]" })));
    const read = (await storage.runs.listSegments(run.id)).map(({ start }) => start);
    expect(read).toEqual([9, 100, 2 ** 32 + 5, 10 ** 14]);
  });

  it("carries structures as they are", async () => {
    await using database = await open();
    const { storage } = database;
    const text = fc.string({ unit: "grapheme" }).filter((value) => schema.safeParse(value).success);
    const property = fc.asyncProperty(
      fc.array(text),
      fc.dictionary(text, text, { noNullPrototype: true }),
      async (models, aliases) => {
        const upstream = createUpstream({ models, aliases });
        await storage.upstreams.insert(upstream);
        expect((await storage.upstreams.list()).find(({ id }) => id === upstream.id)).toEqual(upstream);
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });
}
