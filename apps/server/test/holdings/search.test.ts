import { answer } from "@llm-backend/testing";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, type ChatStage } from "../callers/chat-stage.ts";
import type { TrpcCaller } from "../callers/trpc-caller.ts";

let stage: ChatStage;
beforeAll(async () => {
  stage = await setChatStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

type Hit = {
  conversationId: number;
  title: string;
  messageId: string | null;
  role: string | null;
  snippet: {
    text: string;
    marks: { start: number; end: number }[];
    isCutBefore: boolean;
    isCutBehind: boolean;
  };
};
type Page = { hits: Hit[]; nextCursor: string | null };

const search = (trpc: TrpcCaller, query: string, filter: object = {}) =>
  trpc.query<Page>("conversation.search", { query, ...filter });

const toMarked = ({ snippet }: Hit) => snippet.marks.map(({ start, end }) => snippet.text.slice(start, end));

let requests = 0;
async function ask(trpc: TrpcCaller, conversationId: number, message: string): Promise<void> {
  const input = { conversationId, requestId: `search-${++requests}`, message };
  for await (const item of trpc.subscribe("chat.stream", input)) if (item.kind === "return") return;
}

describe("search", () => {
  it("finds what was asked, what was answered, and titles, and marks the words", async () => {
    const { trpc, conversationId } = await stage.addConversation({ title: "Zebra crossing" });
    stage.upstream.enqueue(answer(["A zebra has stripes."]));
    await ask(trpc, conversationId, `${"Well. ".repeat(60)}Tell me of the ZEBRA!${" And so on.".repeat(60)}`);
    const { hits, nextCursor } = await search(trpc, "zebr");
    expect(nextCursor).toBeNull();
    expect(new Set(hits.map(({ role }) => role))).toEqual(new Set(["assistant", "user", null]));
    expect(hits.map(toMarked)).toEqual([["Zebra"], ["zebra"], ["ZEBRA"]]);
    const question = hits.find(({ role }) => role === "user");
    expect(question?.snippet).toMatchObject({ isCutBefore: true, isCutBehind: true });
    expect(question?.snippet.text.length).toBeLessThan(300);
  });

  it("finds words of two Chinese characters, and marks them as one", async () => {
    const { trpc, conversationId } = await stage.addConversation({ title: "x" });
    await ask(trpc, conversationId, "明天我们去北京看长城。");
    const { hits } = await search(trpc, "北京");
    expect(hits.map(toMarked)).toEqual([["北京"]]);
    expect((await search(trpc, "京北")).hits).toEqual([]);
  });

  it("shows nobody what is not theirs, and nothing that was deleted", async () => {
    const { trpc, conversationId } = await stage.addConversation({ title: "Quagga" });
    const stranger = await stage.addUser();
    expect((await search(stranger.trpc, "quagga")).hits).toEqual([]);
    const foreign = await stranger.trpc.tryQuery("conversation.search", { query: "quagga", conversationId });
    expect(foreign.status).toBe(404);
    expect((await search(trpc, "quagga")).hits).toHaveLength(1);
    await trpc.mutate("conversation.remove", { conversationId });
    expect((await search(trpc, "quagga")).hits).toEqual([]);
  });

  it("pages through all hits, each of them once", async () => {
    const { trpc } = await stage.addUser();
    for (let index = 0; index < 12; index++) {
      await trpc.mutate("conversation.create", { title: `Okapi ${index}`, model: "m" });
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page: Page = await search(trpc, "okapi", {
        limit: 5,
        ...(cursor === undefined ? {} : { cursor }),
      });
      seen.push(...page.hits.map(({ title }) => title));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toHaveLength(12);
    expect(new Set(seen).size).toBe(12);
  });

  it("takes whatever somebody types for words", { timeout: 30_000 }, async () => {
    const { trpc } = await stage.addConversation({ title: 'NEAR("a" b*) OR {title}: ^x - AND NOT' });
    const syntax = [
      '"',
      "*",
      "^",
      ":",
      "(",
      ")",
      "{",
      "}",
      "-",
      "+",
      " AND ",
      " OR ",
      " NOT ",
      "NEAR(",
      "'",
      "\\",
      ";",
      "東",
    ];
    const query = fc.oneof(
      fc.string({ maxLength: 50, unit: "binary" }),
      fc
        .array(fc.oneof(fc.constantFrom(...syntax), fc.string({ maxLength: 3 })), { maxLength: 20 })
        .map((parts) => parts.join("")),
    );
    await fc.assert(
      fc.asyncProperty(query, async (text) => {
        const { status } = await trpc.tryQuery("conversation.search", { query: text });
        expect(status).toBe(200);
      }),
      { numRuns: 200 },
    );
    expect((await search(trpc, "near or not and")).hits).toHaveLength(1);
  });
});

describe("the list", () => {
  type List = { conversations: { title: string; pinned: boolean }[]; nextCursor: number | null };
  it("has pinned conversations first and archived ones apart, on every page", async () => {
    const { trpc } = await stage.addUser();
    const ids: number[] = [];
    for (let index = 0; index < 9; index++) {
      const made = await trpc.mutate<{ conversationId: number }>("conversation.create", {
        title: `${index}`,
        model: "m",
      });
      ids.push(made.conversationId);
    }
    for (const index of [1, 4, 7])
      await trpc.mutate("conversation.update", { conversationId: ids[index], pinned: true });
    for (const index of [2, 7])
      await trpc.mutate("conversation.update", { conversationId: ids[index], archived: true });
    const list = async (filter: object) => {
      const titles: string[] = [];
      for (let cursor: number | undefined; ;) {
        const page: List = await trpc.query<List>("conversation.list", {
          limit: 2,
          ...filter,
          ...(cursor === undefined ? {} : { cursor }),
        });
        titles.push(...page.conversations.map(({ title }) => title));
        if (page.nextCursor === null) return titles.join("");
        cursor = page.nextCursor;
      }
    };
    expect(await list({})).toBe("4186530");
    expect(await list({ archived: true })).toBe("72");
    expect(await list({ archived: "all" })).toBe("741865320");
    expect(await list({ archived: "all", pinnedFirst: false })).toBe("876543210");
    expect(await list({ pinnedFirst: false })).toBe("8654310");
  });
});
