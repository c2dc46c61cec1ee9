import { beforeEach, expect, it } from "vitest";
import { readSearchTerms, type SearchFilter, type Storage } from "../../src/index.ts";
import type { OpenDatabase } from "./open-database.ts";
import { createMessage, insertConversation } from "./rows.ts";

/** What every database guarantees of finding texts. */
export function testSearch(open: OpenDatabase): void {
  let storage: Storage;
  beforeEach(async () => {
    const database = await open();
    ({ storage } = database);
    return () => database[Symbol.asyncDispose]();
  });

  const find = async (userId: number, query: string, filter: Partial<SearchFilter> = {}) => {
    const newest = await storage.search.findNewest();
    const terms = readSearchTerms(query);
    return storage.search.list(userId, { terms, ...filter }, { newest, behind: undefined, limit: 100 });
  };
  const findTexts = async (userId: number, query: string, filter?: Partial<SearchFilter>) =>
    (await find(userId, query, filter)).map(({ text }) => text);

  const insertTexts = async (texts: readonly string[]) => {
    const { userId, id: conversationId } = await insertConversation(storage, { title: "Unrelated" });
    const messages = texts.map((content) => createMessage({ conversationId, content }));
    await storage.messages.insert(messages);
    return { userId, conversationId, messages };
  };

  it.each([
    ["fox", "The quick brown fox."],
    ["FOX quick", "The quick brown fox."],
    ["qui", "The quick brown fox quipped."],
    ["cafe", "Un café au lait"],
    ["CAFÉ", "un cafe au lait"],
    ["Ｆｏｘ", "a fox"],
    ["東京", "私は東京に住んでいます。"],
    ["京", "私は東京に住んでいます。"],
    ["住んで 東京", "私は東京に住んでいます。"],
    ["中文", "我会说中文和English"],
    ["english 中文", "我会说中文和English"],
    ["서울", "나는 서울에 산다"],
    ["ภาษา", "ผมพูดภาษาไทย"],
    ["привет", "ПРИВЕТ, мир"],
    ["ΟΔΟΣ", "η οδός"],
    ["🦊", "Look: 🦊!"],
    ["1984", "Orwell: 1984"],
    ["snake_case", "call it snake_case here"],
    ["\ud840\udc00", "a \ud840\udc00 b"],
  ])("finds %j in %j", async (query, text) => {
    const { userId } = await insertTexts([text, "nothing of it"]);
    expect(await findTexts(userId, query)).toEqual([text]);
  });

  it.each([
    ["fox wolf", "The quick brown fox."],
    ["京東", "私は東京に住んでいます。"],
    ["ox", "The quick brown fox."],
    ["", "The quick brown fox."],
    ["...", "The quick brown fox ..."],
    ["AND", "The quick brown fox"],
  ])("does not find %j in %j", async (query, text) => {
    const { userId } = await insertTexts([text]);
    expect(await findTexts(userId, query)).toEqual([]);
  });

  it("finds what is in a title, and what it is in the end", async () => {
    const { userId, id } = await insertConversation(storage, { title: "Kitchen plans" });
    expect(await find(userId, "kitchen")).toMatchObject([
      { conversationId: id, messageId: null, role: null, text: "Kitchen plans" },
    ]);
    await storage.conversations.update(id, userId, { title: "Garden plans" });
    expect(await findTexts(userId, "kitchen")).toEqual([]);
    expect(await findTexts(userId, "garden")).toEqual(["Garden plans"]);
  });

  it("finds an answer when it has ended, by its text and no other", async () => {
    const { userId, conversationId } = await insertTexts([]);
    const answer = createMessage({ conversationId, role: "assistant", content: "" });
    await storage.messages.insert([answer]);
    const change = { reasoning: null, model: "m", finishReason: "stop", usage: null };
    for (const content of ["first version", "second version"]) {
      await storage.messages.updateAnswer(answer.id, { ...change, content });
      expect(await findTexts(userId, "version")).toEqual([content]);
    }
    expect(await findTexts(userId, "first")).toEqual([]);
  });

  it("finds what is the user's own only, and where it is looked for", async () => {
    const [mine, other] = [await insertTexts(["a secret word"]), await insertTexts(["a secret word"])];
    const second = await insertConversation(storage, { userId: mine.userId, isArchived: true });
    const answer = createMessage({
      conversationId: second.id,
      role: "assistant",
      model: "m-1",
      content: "secret answer",
      createdAt: 5000,
    });
    await storage.messages.insert([answer]);
    const ids = async (filter: Partial<SearchFilter>) =>
      (await find(mine.userId, "secret", filter)).map(({ messageId }) => messageId);
    const [question] = mine.messages.map(({ id }) => id);
    expect(new Set(await ids({}))).toEqual(new Set([question, answer.id]));
    expect(await ids({ conversationId: second.id })).toEqual([answer.id]);
    expect(await ids({ conversationId: other.conversationId })).toEqual([]);
    expect(await ids({ role: "user" })).toEqual([question]);
    expect(await ids({ model: "m-1" })).toEqual([answer.id]);
    expect(await ids({ from: 5000 })).toEqual([answer.id]);
    expect(await ids({ to: 5000 })).toEqual([question]);
    expect(await ids({ isArchived: true })).toEqual([answer.id]);
    expect(await ids({ isArchived: false })).toEqual([question]);
  });

  it("puts the better text first, and the newer one of two that are alike", async () => {
    const long = `one fox ${"among many other words ".repeat(50)}`;
    const { userId } = await insertTexts([long, "fox fox", "a fox", "b fox"]);
    await insertConversation(storage, { userId, title: "fox" });
    expect(await findTexts(userId, "fox")).toEqual(["fox", "fox fox", "b fox", "a fox", long]);
  });

  it("pages without loss or repetition while texts come and the last hit goes", async () => {
    const { userId, conversationId, messages } = await insertTexts(
      Array.from({ length: 40 }, (_, index) => `fox ${"x ".repeat(index % 7)}${index}`),
    );
    const terms = readSearchTerms("fox");
    const newest = await storage.search.findNewest();
    const seen: string[] = [];
    for (let behind; ;) {
      const page = await storage.search.list(userId, { terms }, { newest, behind, limit: 7 });
      seen.push(...page.map(({ text }) => text));
      const last = page.at(-1);
      if (last === undefined) break;
      behind = { newest, last: last.entryId, score: last.score };
      await storage.messages.insert([createMessage({ conversationId, content: "fox fox fox" })]);
    }
    expect(seen.toSorted()).toEqual(messages.map(({ content }) => content).toSorted());
  });

  it("forgets what is removed, and what was not committed", async () => {
    const { userId, conversationId } = await insertTexts(["a fox"]);
    const failing = storage.transaction(async (tx) => {
      await tx.messages.insert([createMessage({ conversationId, content: "another fox" })]);
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await findTexts(userId, "fox")).toEqual(["a fox"]);
    await storage.conversations.delete(conversationId, userId);
    expect(await findTexts(userId, "fox")).toEqual([]);
    expect(await findTexts(userId, "unrelated")).toEqual([]);
  });
}
