import { exportedConversationSchema, type ExportedConversation } from "@llm-backend/contract";
import { answer } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, type ChatStage } from "../callers/chat-stage.ts";
import type { TrpcCaller } from "../callers/trpc-caller.ts";
import { smallDocument } from "./small-document.ts";

let stage: ChatStage;
beforeAll(async () => {
  stage = await setChatStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

type Imported = { conversation: { conversationId: number }; isNew: boolean };
type Exported = { format: "json"; document: ExportedConversation };
type History = { messages: { messageId: string; content: string }[] };

let requests = 0;
async function run(trpc: TrpcCaller, path: string, input: object): Promise<void> {
  const requestId = `transfer-${++requests}`;
  const { runId } = await trpc.mutate<{ runId: string }>(path, { ...input, requestId });
  for await (const item of trpc.subscribe("chat.follow", { runId })) if (item.kind === "return") return;
}
const exportOf = async (trpc: TrpcCaller, conversationId: number) =>
  (await trpc.query<Exported>("conversation.export", { conversationId })).document;
const importInto = (trpc: TrpcCaller, document: object) =>
  trpc.mutate<Imported>("conversation.import", { document });

/** A conversation with two branches. */
async function addTree() {
  const user = await stage.addConversation({
    title: "A tree",
    model: "fake-model",
    api_key: "sk-very-secret-key",
  });
  const { trpc, conversationId } = user;
  await trpc.mutate("conversation.update", {
    conversationId,
    apiKey: null,
    systemPrompt: "Be brief.",
    pinned: true,
  });
  stage.upstream.enqueue(answer(["First."]), answer(["Second."]));
  await run(trpc, "chat.send", { conversationId, message: "Hello" });
  const { messages } = await trpc.query<History>("conversation.history", { conversationId });
  await run(trpc, "chat.edit", { conversationId, messageId: messages[0]?.messageId, message: "Hello again" });
  return user;
}

describe("an exported conversation", () => {
  it("holds the whole tree, what is said of it, and no key", async () => {
    const { trpc, conversationId } = await addTree();
    await trpc.mutate("conversation.update", { conversationId, apiKey: "sk-very-secret-key" });
    const document = await exportOf(trpc, conversationId);
    expect(exportedConversationSchema.parse(document)).toEqual(document);
    expect(JSON.stringify(document)).not.toContain("sk-very");
    expect(document).toMatchObject({
      title: "A tree",
      systemPrompt: "Be brief.",
      pinned: true,
      headMessageId: "m4",
    });
    expect(document.messages).toMatchObject([
      { id: "m1", parentId: null, role: "user", content: "Hello", model: null },
      { id: "m2", parentId: "m1", role: "assistant", content: "First.", finishReason: "stop" },
      { id: "m3", parentId: null, role: "user", content: "Hello again" },
      { id: "m4", parentId: "m3", role: "assistant", content: "Second.", usage: expect.any(Object) },
    ]);
  });

  it("becomes the same conversation for somebody else, once, however often it is imported", async () => {
    const { trpc, conversationId } = await addTree();
    const document = await exportOf(trpc, conversationId);
    const other = (await stage.addUser()).trpc;
    const first = await importInto(other, document);
    const again = await Promise.all([importInto(other, document), importInto(other, document)]);
    expect(first.isNew).toBe(true);
    for (const { conversation, isNew } of again) {
      expect([conversation.conversationId, isNew]).toEqual([first.conversation.conversationId, false]);
    }
    expect(await exportOf(other, first.conversation.conversationId)).toEqual(document);
    expect(await other.query("conversation.list", {})).toMatchObject({
      conversations: [{ title: "A tree" }],
    });
    expect(await other.query("conversation.search", { query: "again" })).toMatchObject({
      hits: [{ role: "user" }],
    });
    const mine = await importInto(trpc, document);
    expect(mine.isNew).toBe(true);
  });

  it("goes on where it ended", async () => {
    const { trpc } = await stage.addUser();
    const { conversation } = await importInto(trpc, smallDocument);
    stage.upstream.enqueue(answer(["On."]));
    await run(trpc, "chat.send", { conversationId: conversation.conversationId, message: "Go" });
    const { messages } = await trpc.query<History>(
      "conversation.history",
      conversation && { conversationId: conversation.conversationId },
    );
    expect(messages.map(({ content }) => content)).toEqual(["hi", "Go", "On."]);
  });

  it("can be read as Markdown, the branch that is shown", async () => {
    const { trpc, conversationId } = await addTree();
    const { text } = await trpc.query<{ text: string }>("conversation.export", {
      conversationId,
      format: "markdown",
    });
    expect(text).toMatch(
      /^# A tree\n[^]*## User, 20[^]*Hello again\n[^]*## Assistant \(fake-model\), [^]*Second\.\n$/,
    );
    expect(text).not.toContain("First.");
  });
});

describe("an import", () => {
  const [message] = smallDocument.messages;
  it.each([
    [
      "a parent that comes later",
      {
        messages: [
          { ...message, parentId: "b" },
          { ...message, id: "b" },
        ],
      },
    ],
    ["a message under itself", { messages: [{ ...message, parentId: "a" }] }],
    ["two messages of one name", { messages: [message, message] }],
    ["a head that is no message", { headMessageId: "z" }],
    ["a higher version", { version: 3 }],
    ["a field that is not known", { apiKey: "sk-x" }],
    ["no date", { createdAt: "yesterday" }],
  ])("is refused with %s, and leaves nothing behind", async (_, change) => {
    const { trpc } = await stage.addUser();
    const { status } = await trpc.tryMutate("conversation.import", {
      document: { ...smallDocument, ...change },
    });
    expect(status).toBe(400);
    expect(await trpc.query("conversation.list", { archived: "all" })).toMatchObject({ conversations: [] });
  });

  it("takes ten thousand messages", { timeout: 30_000 }, async () => {
    const { trpc } = await stage.addUser();
    const messages = Array.from({ length: 10_000 }, (_, index) => ({
      ...message,
      id: `m${index + 1}`,
      parentId: index === 0 ? null : `m${index}`,
      role: index % 2 === 0 ? "user" : "assistant",
      content: `Message number ${index}, of a few words.`,
    }));
    const document = { ...smallDocument, messages, headMessageId: "m10000" };
    const { conversation } = await importInto(trpc, document);
    expect(await exportOf(trpc, conversation.conversationId)).toEqual(document);
    expect(await trpc.query("conversation.search", { query: "9876" })).toMatchObject({
      hits: [{ snippet: { text: "Message number 9876, of a few words." } }],
    });
  });
});

describe("all conversations", () => {
  it("come one by one, and go on behind the last that arrived", async () => {
    const { rest, trpc } = await stage.addUser();
    for (const title of ["One", "Two", "Three"]) await importInto(trpc, { ...smallDocument, title });
    const response = await fetch(`${stage.backend.url}/api/conversations/export-all`, {
      headers: { authorization: `Bearer ${rest.token}` },
    });
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    const lines = (await response.text()).trimEnd().split("\n");
    const documents = lines.map((line) => exportedConversationSchema.parse(JSON.parse(line)));
    expect(documents.map(({ title }) => title)).toEqual(["One", "Two", "Three"]);
    const [first] = (
      await trpc.query<{ conversations: { conversationId: number }[] }>("conversation.list", {
        archived: true,
      })
    ).conversations.toReversed();
    const titles: string[] = [];
    for await (const item of trpc.subscribe("conversation.exportAll", {
      lastEventId: String(first?.conversationId),
    })) {
      if (item.kind === "return") break;
      if (item.kind === "event") titles.push((item.event as unknown as ExportedConversation).title);
    }
    expect(titles).toEqual(["Two", "Three"]);
  });

  it("can be removed at once, and nobody else's", async () => {
    const [{ trpc }, other] = [await stage.addUser(), await stage.addUser()];
    for (let index = 0; index < 45; index++)
      await trpc.mutate("conversation.create", { title: `${index}`, model: "m" });
    await other.trpc.mutate("conversation.create", { title: "Stays", model: "m" });
    expect(await trpc.mutate("conversation.removeAll")).toEqual({ removed: 45 });
    expect(await trpc.query("conversation.list", { archived: "all" })).toMatchObject({ conversations: [] });
    expect(await other.trpc.query("conversation.list", {})).toMatchObject({
      conversations: [{ title: "Stays" }],
    });
  });
});
