import { answer, fail, type Call } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, until, type ChatStage } from "../callers/chat-stage.ts";
import type { TrpcCaller } from "../callers/trpc-caller.ts";

type Conversation = { conversationId: number; title: string; titleSource: string; updatedAt: string };

let requests = 0;
async function ask(trpc: TrpcCaller, conversationId: number, message: string): Promise<void> {
  const input = { conversationId, requestId: `title-${++requests}`, message };
  for await (const item of trpc.subscribe("chat.stream", input)) if (item.kind === "return") return;
}
const create = (trpc: TrpcCaller, fields: object = {}) =>
  trpc.mutate<Conversation>("conversation.create", { model: "m", ...fields });
const read = (trpc: TrpcCaller, { conversationId }: Conversation) =>
  trpc.query<Conversation>("conversation.get", { conversationId });

const isForTitle = (call: Call) => (call.body as { model: string }).model === "namer";

describe("without a model for titles", () => {
  let stage: ChatStage;
  beforeAll(async () => {
    stage = await setChatStage();
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  it("a conversation is called by its first words, and no model is asked", async () => {
    const { trpc } = await stage.addUser();
    const made = await create(trpc);
    expect(made).toMatchObject({ title: "", titleSource: "words" });
    await ask(trpc, made.conversationId, "  How do\nI cook rice? ");
    expect(await read(trpc, made)).toMatchObject({ title: "How do I cook rice?", titleSource: "words" });
    await ask(trpc, made.conversationId, "And beans?");
    expect(await read(trpc, made)).toMatchObject({ title: "How do I cook rice?" });
    expect(stage.upstream.calls).toHaveLength(2);
  });

  it("long messages are cut at a word, and nothing visible makes no title", async () => {
    const { trpc } = await stage.addUser();
    const long = await create(trpc);
    await ask(trpc, long.conversationId, "word ".repeat(100));
    const { title } = await read(trpc, long);
    expect(title).toMatch(/^word( word)+…$/);
    expect(title.length).toBeLessThanOrEqual(60);
    const blank = await create(trpc);
    await ask(trpc, blank.conversationId, "\u200b \n");
    expect((await read(trpc, blank)).title).toBe("");
  });

  it("a title that was given stays, and one that is sent empty is refused", async () => {
    const { trpc } = await stage.addUser();
    const made = await create(trpc, { title: "Mine" });
    await ask(trpc, made.conversationId, "Hello");
    expect(await read(trpc, made)).toMatchObject({ title: "Mine", titleSource: "user" });
    expect((await trpc.tryMutate("conversation.create", { model: "m", title: "" })).status).toBe(400);
  });
});

describe("with a model for titles", () => {
  let stage: ChatStage;
  let nameWith: (call: Call) => ReturnType<typeof answer>;
  beforeAll(async () => {
    stage = await setChatStage({
      upstream: { reply: (call) => (isForTitle(call) ? nameWith(call) : answer(["Like this."])) },
      backend: { config: { chat: { title_model: "namer" } } },
    });
  });
  afterAll(() => stage[Symbol.asyncDispose]());

  it("names a conversation after its first answer, changes nothing else, and is in the books", async () => {
    nameWith = () => answer(['**Title: "Cooking rice."**\n']);
    const { trpc } = await stage.addUser();
    const made = await create(trpc);
    await ask(trpc, made.conversationId, "How do I cook rice?");
    const before = await read(trpc, made);
    await until(async () => (await read(trpc, made)).titleSource === "model", "a title");
    expect(await read(trpc, made)).toEqual({ ...before, title: "Cooking rice", titleSource: "model" });
    const call = stage.upstream.calls.find(isForTitle);
    expect(call?.body).toMatchObject({ max_tokens: expect.any(Number) });
    expect(JSON.stringify(call === undefined ? [] : readPrompt(call))).toContain("How do I cook rice?");
    const { records } = stage.backend.server.backend.services;
    await records.flush();
    const page = await records.list({ limit: 10 });
    expect(page.records.map(({ model }) => model)).toContain("namer");
  });

  it("leaves the first words where the model fails or says nothing", async () => {
    const { trpc } = await stage.addUser();
    for (const reply of [fail(500), answer(["  \n"])]) {
      let isAsked = false;
      nameWith = () => {
        isAsked = true;
        return reply;
      };
      const made = await create(trpc);
      await ask(trpc, made.conversationId, "How do I cook rice?");
      await until(() => isAsked, "the question");
      expect(await read(trpc, made)).toMatchObject({ title: "How do I cook rice?", titleSource: "words" });
    }
  });

  it("keeps what the user called it meanwhile, and names no conversation with a key of its own", async () => {
    const { trpc } = await stage.addUser();
    const calls = stage.upstream.calls.filter(isForTitle).length;
    const own = await create(trpc, { apiKey: "sk-own", model: "gpt-4o" });
    const named = await create(trpc, { title: "Mine" });
    await ask(trpc, named.conversationId, "Hello");
    expect(await read(trpc, named)).toMatchObject({ title: "Mine", titleSource: "user" });
    expect(stage.upstream.calls.filter(isForTitle)).toHaveLength(calls);
    expect(own.titleSource).toBe("words");
  });
});
