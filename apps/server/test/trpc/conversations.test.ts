import { startBackend, type TestBackend } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller, type TrpcCaller } from "../callers/trpc-caller.ts";

let backend: TestBackend;

beforeAll(async () => {
  backend = await startBackend();
});
afterAll(() => backend[Symbol.asyncDispose]());

const addUser = async () => createTrpcCaller(backend.url, (await registerUser(backend.url)).token);

type Conversation = { conversationId: number; title: string; updatedAt: string };
type Page = { conversations: Conversation[]; nextCursor: number | null };

const create = (trpc: TrpcCaller, fields: object = {}) =>
  trpc.mutate<Conversation>("conversation.create", { title: "T", model: "m", ...fields });

describe("a conversation", () => {
  it("is made as it was asked for, and shown without its key", async () => {
    const trpc = await addUser();
    const made = await create(trpc, {
      title: "A \u{1f600} title",
      apiKey: "sk-own",
      systemPrompt: "Be brief.",
    });
    expect(made).toEqual({
      conversationId: expect.any(Number),
      title: "A \u{1f600} title",
      model: "m",
      systemPrompt: "Be brief.",
      hasApiKey: true,
      headMessageId: null,
      titleSource: "user",
      pinned: false,
      archived: false,
      tools: null,
      knowledgeBaseIds: [],
      topK: null,
      createdAt: expect.stringMatching(/^\d{4}-/),
      updatedAt: expect.stringMatching(/^\d{4}-/),
    });
    const { conversationId } = made;
    expect(await trpc.query("conversation.get", { conversationId })).toEqual(made);
    expect(await trpc.query("conversation.history", { conversationId })).toEqual({
      messages: [],
      nextCursor: null,
    });
  });

  it("changes what it is told to, and nothing else", async () => {
    const trpc = await addUser();
    const made = await create(trpc, { systemPrompt: "Be brief.", apiKey: "sk-own" });
    const { conversationId } = made;
    const unstamped = { ...made, updatedAt: expect.any(String) };
    const renamed = await trpc.mutate("conversation.rename", { conversationId, title: "New" });
    expect(renamed).toEqual({ ...unstamped, title: "New" });
    const changed = await trpc.mutate("conversation.update", {
      conversationId,
      model: "n",
      apiKey: null,
      systemPrompt: null,
    });
    expect(changed).toEqual({ ...unstamped, title: "New", model: "n", hasApiKey: false, systemPrompt: null });
    expect(await trpc.mutate("conversation.update", { conversationId })).toMatchObject({
      title: "New",
      model: "n",
    });
  });

  it("is gone when it is removed", async () => {
    const trpc = await addUser();
    const { conversationId } = await create(trpc);
    await trpc.mutate("conversation.remove", { conversationId });
    for (const path of ["conversation.get", "conversation.history"]) {
      expect((await trpc.tryQuery(path, { conversationId })).error?.data.reason).toBe("not_found");
    }
    expect((await trpc.tryMutate("conversation.remove", { conversationId })).error?.data.reason).toBe(
      "not_found",
    );
  });
});

describe("the list of conversations", () => {
  it("comes in pages, newest first, each conversation once, whatever is made and removed meanwhile", async () => {
    const trpc = await addUser();
    const ids: number[] = [];
    for (let index = 0; index < 25; index++) ids.push((await create(trpc)).conversationId);
    const seen: number[] = [];
    let cursor: number | undefined;
    for (;;) {
      const page: Page = await trpc.query<Page>("conversation.list", {
        limit: 7,
        ...(cursor === undefined ? {} : { cursor }),
      });
      expect(page.conversations.length).toBeLessThanOrEqual(7);
      seen.push(...page.conversations.map(({ conversationId }) => conversationId));
      await create(trpc);
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
      await trpc.mutate("conversation.remove", { conversationId: seen.at(-1) });
    }
    expect(seen).toEqual(ids.toReversed());
  });

  it("ends with a page that says so, also when the last page is full", async () => {
    const trpc = await addUser();
    for (let index = 0; index < 4; index++) await create(trpc);
    const first = await trpc.query<Page>("conversation.list", { limit: 2 });
    const second = await trpc.query<Page>("conversation.list", { limit: 2, cursor: first.nextCursor });
    expect([second.conversations.length, second.nextCursor]).toEqual([2, null]);
    expect(await trpc.query("conversation.list", { limit: 2, cursor: 1 })).toEqual({
      conversations: [],
      nextCursor: null,
    });
  });

  it.each([
    { limit: 0 },
    { limit: 101 },
    { limit: 1.5 },
    { limit: "5" },
    { cursor: 0 },
    { cursor: -0.5 },
    { cursor: 2 ** 53 },
    { cursor: "x" },
  ])("refuses the page %j", async (input) => {
    const trpc = await addUser();
    expect((await trpc.tryQuery("conversation.list", input)).error?.data.reason).toBe("invalid_input");
  });
});

describe("model.list", () => {
  it("names the models that the upstreams name, with who serves them", async () => {
    await using named = await startBackend({
      upstreams: [
        { name: "one", endpoint: "http://127.0.0.1:9/v1", models: ["a", "b"] },
        { name: "two", endpoint: "http://127.0.0.1:10/v1", models: ["b", "c-*"] },
      ],
    });
    const trpc = createTrpcCaller(named.url, (await registerUser(named.url)).token);
    expect(await trpc.query("model.list")).toEqual(
      expect.arrayContaining([
        { model: "a", upstreams: ["one"] },
        { model: "b", upstreams: ["one", "two"] },
      ]),
    );
  });
});
