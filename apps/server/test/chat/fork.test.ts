import { finish, role, say, stall, think } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { followRun, newRequestId, readMessages, type MessageView, type Started } from "./read-run.ts";

type Conversation = {
  readonly conversationId: number;
  readonly headMessageId: string | null;
  readonly title: string;
};

let stage: ChatStage;
let user: StageUser;

beforeAll(async () => {
  stage = await setChatStage();
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function ask(conversationId: number, message: string, text: string): Promise<Started> {
  stage.upstream.enqueue({ steps: [role(), think("hm"), say(text), finish({ reason: "length" })] });
  const input = { conversationId, message, requestId: newRequestId() };
  const started = await user.trpc.mutate<Started>("chat.send", input);
  await followRun(user.trpc, started.runId);
  return started;
}

/** What the upstream was asked last, without the system prompt. */
const readAsked = () =>
  readPrompt(stage.upstream.calls.at(-1) ?? { body: {} })
    .filter((message) => message.role !== "system")
    .map(({ content }) => content);

const fork = (input: Readonly<Record<string, unknown>>) =>
  user.trpc.mutate<Conversation>("conversation.fork", input);

/** What a message says, without what tells it from its copy. */
function toSaid({ role: speaker, content, reasoning, model, finishReason, usage }: MessageView) {
  return { speaker, content, reasoning, model, finishReason, usage };
}

describe("conversation.fork", () => {
  it("copies a branch up to a message, with new ids and without runs, and leaves the rest where it is", async () => {
    const conversationId = await createConversation(user.rest, { title: "Long talk" });
    const first = await ask(conversationId, "A", "one");
    await ask(conversationId, "B", "two");
    const before = await readMessages(user.trpc, conversationId);
    const copy = await fork({ conversationId, messageId: first.assistantMessageId });
    expect(copy).toMatchObject({ title: "Long talk", model: "a-model", hasApiKey: false });
    const copied = await readMessages(user.trpc, copy.conversationId);
    expect(copied.map(toSaid)).toEqual(before.slice(0, 2).map(toSaid));
    expect(copied.map(({ run }) => run)).toEqual([null, null]);
    expect(copied.at(-1)).toMatchObject({ messageId: copy.headMessageId, finishReason: "length" });
    const ids = new Set([...before, ...copied].map(({ messageId }) => messageId));
    expect(ids.size).toBe(before.length + copied.length);
    expect(await readMessages(user.trpc, conversationId)).toEqual(before);
  });

  it("goes on by itself, and outlives the conversation that it came from", async () => {
    const conversationId = await createConversation(user.rest);
    const { assistantMessageId: messageId } = await ask(conversationId, "A", "one");
    const copy = await fork({ conversationId, messageId, title: "Another way" });
    expect(copy.title).toBe("Another way");
    await user.trpc.mutate("conversation.remove", { conversationId });
    await ask(copy.conversationId, "B", "two");
    expect(readAsked()).toEqual(["A", "one", "B"]);
  });

  it("makes one fork for a request id, however often it is asked for, and another one without", async () => {
    const conversationId = await createConversation(user.rest);
    const { assistantMessageId: messageId } = await ask(conversationId, "A", "one");
    const input = { conversationId, messageId, requestId: newRequestId() };
    const forks = await Promise.all(Array.from({ length: 10 }, () => fork(input)));
    const ids = new Set(forks.map((copy) => copy.conversationId));
    expect(ids.size).toBe(1);
    const other = await fork({ conversationId, messageId });
    expect(ids.has(other.conversationId)).toBe(false);
    const conflict = await user.trpc.tryMutate("conversation.fork", { ...input, title: "Else" });
    expect([conflict.status, conflict.error?.data.reason]).toEqual([409, "conflict"]);
  });

  it("keeps system prompt and key, which opens in its new place", async () => {
    const created = await user.trpc.mutate<Conversation>("conversation.create", {
      title: "T",
      model: "a-model",
      systemPrompt: "Be brief.",
    });
    const { conversationId } = created;
    const { assistantMessageId: messageId } = await ask(conversationId, "A", "one");
    await user.trpc.mutate("conversation.update", { conversationId, apiKey: "sk-of-my-own" });
    const copy = await fork({ conversationId, messageId });
    expect(copy).toMatchObject({ systemPrompt: "Be brief.", hasApiKey: true });
    // No provider has a model of this name; had the key not opened, the answer would fail as internal.
    const { runId } = await user.trpc.mutate<Started>("chat.send", {
      conversationId: copy.conversationId,
      message: "B",
      requestId: newRequestId(),
    });
    const events = await followRun(user.trpc, runId);
    expect(events.at(-1)?.event).toMatchObject({ type: "run-error", code: "invalid_input" });
  });

  it("refuses a branch whose answer is still being written, and knows nothing of others", async () => {
    const conversationId = await createConversation(user.rest);
    stage.upstream.enqueue({ steps: [role(), say("half"), stall()] });
    const { runId, assistantMessageId, userMessageId } = await user.trpc.mutate<Started>("chat.send", {
      conversationId,
      message: "A",
      requestId: newRequestId(),
    });
    const busy = await user.trpc.tryMutate("conversation.fork", {
      conversationId,
      messageId: assistantMessageId,
    });
    expect([busy.status, busy.error?.data.reason]).toEqual([409, "run_in_progress"]);
    const question = await fork({ conversationId, messageId: userMessageId });
    expect(await readMessages(user.trpc, question.conversationId)).toHaveLength(1);
    await user.trpc.mutate("chat.stop", { runId });
    const stranger = await stage.addUser();
    const foreign = await stranger.trpc.tryMutate("conversation.fork", {
      conversationId,
      messageId: assistantMessageId,
    });
    expect(foreign.error?.data.reason).toBe("not_found");
    expect((await fork({ conversationId, messageId: assistantMessageId })).headMessageId).not.toBeNull();
  });
});
