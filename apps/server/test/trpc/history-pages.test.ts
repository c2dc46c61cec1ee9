import { afterAll, beforeAll, expect, it } from "vitest";
import { setChatStage, type ChatStage } from "../callers/chat-stage.ts";
import { followRun, newRequestId, type MessageView, type Started } from "../chat/read-run.ts";

let stage: ChatStage;

beforeAll(async () => {
  stage = await setChatStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

type Page = { messages: MessageView[]; nextCursor: string | null };

it("a history comes in pages, the newest first, that join to one branch without a gap", async () => {
  const { trpc, conversationId } = await stage.addConversation();
  for (let turn = 0; turn < 10; turn++) {
    const input = { conversationId, requestId: newRequestId(), message: `question ${turn}` };
    const { runId } = await trpc.mutate<Started>("chat.send", input);
    await followRun(trpc, runId);
  }
  for (const limit of [1, 2, 3, 7, 20, 200]) {
    const pages: MessageView[][] = [];
    let cursor: string | null | undefined;
    do {
      const page: Page = await trpc.query<Page>("conversation.history", {
        conversationId,
        limit,
        ...(typeof cursor === "string" ? { cursor } : {}),
      });
      expect(page.messages.length).toBeLessThanOrEqual(limit);
      pages.unshift(page.messages);
      cursor = page.nextCursor;
    } while (cursor !== null);
    const branch = pages.flat();
    expect(branch).toHaveLength(20);
    expect(branch.map(({ parentId }) => parentId)).toEqual([
      null,
      ...branch.slice(0, -1).map(({ messageId }) => messageId),
    ]);
    expect(branch.filter(({ role }) => role === "user").map(({ content }) => content)).toEqual(
      Array.from({ length: 10 }, (_, turn) => `question ${turn}`),
    );
  }
});
