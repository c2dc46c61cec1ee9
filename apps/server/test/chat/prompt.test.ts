import { answer, fail, finish, role, say, think, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { followRun, newRequestId, readMessages, type Started } from "./read-run.ts";

const defaultPrompt = "You are a tester.";

let stage: ChatStage;
let user: StageUser;

beforeAll(async () => {
  stage = await setChatStage({
    backend: {
      config: { chat: { system_prompt: defaultPrompt, models: { "small-model": { context_tokens: 400 } } } },
    },
  });
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const create = (fields: object) =>
  user.trpc.mutate<{ conversationId: number }>("conversation.create", { title: "T", model: "m", ...fields });

async function ask(conversationId: number, message: string, ...replies: Reply[]) {
  stage.upstream.enqueue(...replies);
  const calls = stage.upstream.calls.length;
  const started = await user.trpc.mutate<Started>("chat.send", {
    conversationId,
    requestId: newRequestId(),
    message,
  });
  const events = await followRun(user.trpc, started.runId);
  const prompts = stage.upstream.calls.slice(calls).map((call) => readPrompt(call));
  return { ...started, events, prompts, prompt: prompts[0] ?? [] };
}

const contents = (prompt: readonly { content: string }[]) => prompt.map(({ content }) => content);

describe("the prompt of an answer", () => {
  it("is the server's system prompt, the history in its order, and the message", async () => {
    const { conversationId } = await create({});
    await ask(conversationId, "one", answer("two"));
    const { prompt } = await ask(conversationId, "three");
    expect(prompt).toEqual([
      { role: "system", content: defaultPrompt },
      { role: "user", content: "one" },
      { role: "assistant", content: "two" },
      { role: "user", content: "three" },
    ]);
  });

  it("has the conversation's own system prompt where it has one, and none where that is empty", async () => {
    const own = await create({ systemPrompt: "Be brief." });
    expect((await ask(own.conversationId, "hi")).prompt[0]).toEqual({ role: "system", content: "Be brief." });
    const none = await create({ systemPrompt: "" });
    expect((await ask(none.conversationId, "hi")).prompt).toEqual([{ role: "user", content: "hi" }]);
    await user.trpc.mutate("conversation.update", {
      conversationId: none.conversationId,
      systemPrompt: "Now one.",
    });
    expect((await ask(none.conversationId, "hi")).prompt[0]?.content).toBe("Now one.");
    await user.trpc.mutate("conversation.update", {
      conversationId: none.conversationId,
      systemPrompt: null,
    });
    expect((await ask(none.conversationId, "hi")).prompt[0]?.content).toBe(defaultPrompt);
  });

  it("asks for the conversation's model, streamed, with its usage", async () => {
    const { conversationId } = await create({ model: "vendor/Model-X" });
    await ask(conversationId, "hi");
    expect(stage.upstream.calls.at(-1)?.body).toMatchObject({
      model: "vendor/Model-X",
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it("leaves out answers that failed before a word, and keeps those that broke off", async () => {
    const { conversationId } = await create({ systemPrompt: "" });
    await ask(conversationId, "one", fail(500));
    await ask(conversationId, "two", { steps: [role(), say("half an answer")] });
    const { prompt } = await ask(conversationId, "three");
    expect(contents(prompt)).toEqual(["one", "two", "half an answer", "three"]);
  });

  it("has nothing of what the model thought", async () => {
    const { conversationId } = await create({ systemPrompt: "" });
    await ask(conversationId, "one", { steps: [think("a secret thought"), say("two"), finish()] });
    const [, shown] = await readMessages(user.trpc, conversationId);
    expect(shown).toMatchObject({ content: "two", reasoning: "a secret thought" });
    const { prompt } = await ask(conversationId, "three");
    expect(contents(prompt)).toEqual(["one", "two", "three"]);
    expect(stage.upstream.calls.at(-1)?.bodyText).not.toContain("secret thought");
  });
});

describe("a history that is longer than the model reads", () => {
  it("loses its oldest turns, whole, and says so", async () => {
    const conversationId = await createConversation(user.rest, { model: "small-model" });
    const filler = "x".repeat(300);
    for (let turn = 0; turn < 4; turn++)
      await ask(conversationId, `question ${turn} ${filler}`, answer(`answer ${turn} ${filler}`));
    const { prompt, events } = await ask(conversationId, "the last question");
    expect(prompt[0]).toEqual({ role: "system", content: defaultPrompt });
    expect(prompt[1]?.role).toBe("user");
    expect(prompt.length).toBeLessThan(9);
    const messages = await readMessages(user.trpc, conversationId);
    expect(contents(prompt.slice(1))).toEqual(
      messages.slice(-prompt.length, -1).map(({ content }) => content),
    );
    expect(events.map(({ event }) => event.type)).toEqual([
      "run-start",
      "context-cut",
      "text-delta",
      "run-done",
    ]);
    expect(events[1]?.event).toEqual({
      type: "context-cut",
      firstMessageId: messages.at(-prompt.length)?.messageId,
      messagesKept: prompt.length - 1,
      contextTokens: 400,
    });
    // What is left out of a prompt is not left out of the conversation.
    expect(messages).toHaveLength(10);
  });

  it("is cut to half of what the provider called too long, until it fits", async () => {
    const { conversationId } = await create({ systemPrompt: "" });
    for (let turn = 0; turn < 8; turn++)
      await ask(conversationId, `question ${turn} ${"x".repeat(100)}`, answer("y".repeat(100)));
    const tooLong = fail(400, {
      error: {
        message: "This model's maximum context length is 100 tokens.",
        code: "context_length_exceeded",
      },
    });
    const { prompts, events } = await ask(
      conversationId,
      "the last question",
      tooLong,
      tooLong,
      answer("at last"),
    );
    expect(prompts).toHaveLength(3);
    const sizes = prompts.map((prompt) => contents(prompt).join("").length);
    expect(sizes[1]).toBeLessThanOrEqual((sizes[0] ?? 0) * 0.6);
    expect(sizes[2]).toBeLessThanOrEqual((sizes[1] ?? 0) * 0.6);
    for (const prompt of prompts)
      expect([prompt[0]?.role, prompt.at(-1)?.content]).toEqual(["user", "the last question"]);
    expect(events.map(({ event }) => event.type)).toEqual([
      "run-start",
      "context-cut",
      "context-cut",
      "text-delta",
      "run-done",
    ]);
  });

  it("ends with the provider's refusal when even the message alone is too long", async () => {
    const { conversationId } = await create({ systemPrompt: "" });
    await ask(conversationId, "one", answer("two"));
    const tooLong = fail(400, { error: { message: "too long", code: "context_length_exceeded" } });
    const { prompts, events } = await ask(
      conversationId,
      "three",
      tooLong,
      tooLong,
      tooLong,
      tooLong,
      tooLong,
    );
    expect(events.at(-1)?.event).toMatchObject({
      type: "run-error",
      code: "context_too_long",
      retryable: false,
    });
    expect(prompts.at(-1)).toEqual([{ role: "user", content: "three" }]);
    expect(prompts.length).toBeLessThanOrEqual(4);
    stage.upstream.enqueue(answer("fresh"));
    // Replies that were not played must not reach another test.
    while (stage.upstream.calls.at(-1) !== undefined) {
      const { conversationId: other } = await create({});
      const { events: told } = await ask(other, "drain");
      if (told.at(-1)?.event.type === "run-done") break;
    }
  });
});
