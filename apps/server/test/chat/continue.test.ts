import { answer, cut, finish, role, say, stall, think, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { followRun, newRequestId, readMessages, toJoined, toText, type Started } from "./read-run.ts";

let stage: ChatStage;
let user: StageUser;

beforeAll(async () => {
  stage = await setChatStage();
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Sends a message that is answered so, and waits for the end. */
async function ask(reply: Reply): Promise<Started> {
  const conversationId = await createConversation(user.rest);
  stage.upstream.enqueue(reply);
  const input = { conversationId, message: "Tell me.", requestId: newRequestId() };
  const started = await user.trpc.mutate<Started>("chat.send", input);
  await followRun(user.trpc, started.runId);
  return started;
}

const toInput = (started: Started) => ({
  conversationId: started.conversationId,
  messageId: started.assistantMessageId,
  requestId: newRequestId(),
});

/** Goes on with an answer, and waits for the end. */
async function goOn(started: Started, reply: Reply) {
  stage.upstream.enqueue(reply);
  const next = await user.trpc.mutate<Started>("chat.continue", toInput(started));
  const events = await followRun(user.trpc, next.runId);
  return { ...next, events };
}

const cutAtLength: Reply = {
  steps: [role(), think("hm"), say("Once upon a time"), finish({ reason: "length" })],
};
const brokenOff: Reply = { steps: [role(), say("Once upon a time"), cut()] };

describe("chat.continue", () => {
  it.each([
    ["was cut at its length", cutAtLength],
    ["broke off", brokenOff],
  ])("makes an answer that begins with the one that %s, and goes on", async (_name, reply) => {
    const first = await ask(reply);
    const second = await goOn(first, answer("upon a time there was."));
    const [start, ...rest] = second.events;
    expect(start?.event).toMatchObject({ type: "run-start", assistantMessageId: second.assistantMessageId });
    expect(rest.find(({ event }) => event.type === "text-delta")?.event).toMatchObject({
      text: expect.stringMatching(/^Once upon a time/),
    });
    expect(toText(second.events)).toBe("Once upon a time there was.");
    const [, shown] = await readMessages(user.trpc, first.conversationId);
    expect(shown).toMatchObject({
      messageId: second.assistantMessageId,
      content: "Once upon a time there was.",
      finishReason: "stop",
      siblingIds: [first.assistantMessageId, second.assistantMessageId],
      usage: { promptTokens: 11, completionTokens: 7 },
    });
    // Whoever comes later, or comes back, reads the very same.
    expect(toJoined(await followRun(user.trpc, second.runId))).toEqual(toJoined(second.events));
    const prompt = readPrompt(stage.upstream.calls.at(-1) ?? { body: {} });
    expect(prompt.at(-2)).toEqual({ role: "assistant", content: "Once upon a time" });
    expect(prompt.at(-1)).toMatchObject({ role: "user", content: expect.stringContaining("Go on") });
  });

  it("leaves the old answer as it is", async () => {
    const first = await ask(cutAtLength);
    await goOn(first, answer(" there."));
    await user.trpc.mutate("conversation.selectVersion", {
      conversationId: first.conversationId,
      messageId: first.assistantMessageId,
    });
    const [, shown] = await readMessages(user.trpc, first.conversationId);
    expect(shown).toMatchObject({ content: "Once upon a time", reasoning: "hm", finishReason: "length" });
  });

  it("goes on with what was stopped, and with a continuation that was stopped", async () => {
    const conversationId = await createConversation(user.rest);
    stage.upstream.enqueue({ steps: [role(), say("Once "), stall()] });
    const input = { conversationId, message: "Tell me.", requestId: newRequestId() };
    const first = await user.trpc.mutate<Started>("chat.send", input);
    await untilShown(conversationId, "Once ");
    const early = await user.trpc.tryMutate("chat.continue", toInput(first));
    expect([early.status, early.error?.data.reason]).toEqual([409, "run_in_progress"]);
    await user.trpc.mutate("chat.stop", { runId: first.runId });

    stage.upstream.enqueue({ steps: [role(), say("upon "), stall()] });
    const second = await user.trpc.mutate<Started>("chat.continue", toInput(first));
    await untilShown(conversationId, "Once upon ");
    await user.trpc.mutate("chat.stop", { runId: second.runId });
    const third = await goOn(second, answer("a time."));
    expect(toText(third.events)).toBe("Once upon a time.");
  });

  it("begins with the old text, and keeps it, when nobody can go on", async () => {
    const first = await ask(cutAtLength);
    const second = await goOn(first, { status: 500, steps: [] });
    expect(second.events.map(({ event }) => event.type)).toEqual([
      "run-start",
      "reasoning-delta",
      "text-delta",
      "run-error",
    ]);
    const [, shown] = await readMessages(user.trpc, first.conversationId);
    expect(shown).toMatchObject({ content: "Once upon a time", reasoning: "hm", run: { state: "failed" } });
    expect(toText((await goOn(second, answer(" there."))).events)).toBe("Once upon a time there.");
  });

  it("with the same request id joins the answer that it started", async () => {
    const first = await ask(cutAtLength);
    const calls = stage.upstream.calls.length;
    const input = toInput(first);
    const started = await Promise.all(
      Array.from({ length: 5 }, () => user.trpc.mutate<Started>("chat.continue", input)),
    );
    expect(new Set(started.map(({ runId }) => runId)).size).toBe(1);
    await followRun(user.trpc, started[0]?.runId ?? "");
    expect(stage.upstream.calls.length).toBe(calls + 1);
  });

  it("asks another model where one is named", async () => {
    const first = await ask(cutAtLength);
    const input = { ...toInput(first), model: "another-model" };
    const { runId } = await user.trpc.mutate<Started>("chat.continue", input);
    await followRun(user.trpc, runId);
    expect(stage.upstream.calls.at(-1)?.body).toMatchObject({ model: "another-model" });
  });

  it.each<[what: string, reply: Reply, sentence: RegExp]>([
    ["a complete answer", answer("All of it."), /complete/],
    ["an answer without a word", { status: 500, steps: [] }, /no text/],
  ])("refuses %s with a sentence", async (_what, reply, sentence) => {
    const refused = await user.trpc.tryMutate("chat.continue", toInput(await ask(reply)));
    expect([refused.status, refused.error?.message]).toEqual([400, expect.stringMatching(sentence)]);
  });

  it("refuses messages of the user's, and knows nothing of others", async () => {
    const first = await ask(cutAtLength);
    const own = { ...toInput(first), messageId: first.userMessageId };
    expect((await user.trpc.tryMutate("chat.continue", own)).error?.message).toMatch(/Only an answer/);
    const stranger = await stage.addUser();
    const foreign = await stranger.trpc.tryMutate("chat.continue", toInput(first));
    expect(foreign.error?.data.reason).toBe("not_found");
  });

  it("counts only what the new call has used", async () => {
    const other = await stage.addUser();
    const conversationId = await createConversation(other.rest);
    const said = "word ".repeat(2000);
    stage.upstream.enqueue({ steps: [role(), say(said), finish({ reason: "length" })] });
    const input = { conversationId, message: "Go.", requestId: newRequestId() };
    const first = await other.trpc.mutate<Started>("chat.send", input);
    await followRun(other.trpc, first.runId);
    // An upstream that reports no usage: our own count is what is written down.
    stage.upstream.enqueue({ steps: [role(), say("end"), cut()] });
    const { runId } = await other.trpc.mutate<Started>("chat.continue", toInput(first));
    await followRun(other.trpc, runId);
    const sums = () =>
      other.trpc.query<{ requests: number; completionTokens: number }>("usage.summary", period);
    await until(async () => (await sums()).requests === 2, "the ledger");
    // 7 of the first answer, 1 for «end».
    expect((await sums()).completionTokens).toBe(8);
  });
});

const dayMs = 86_400_000;
const period = {
  from: new Date(Date.now() - dayMs).toISOString(),
  to: new Date(Date.now() + dayMs).toISOString(),
  owner: "me",
};

const untilShown = (conversationId: number, text: string) =>
  until(async () => (await readMessages(user.trpc, conversationId)).at(-1)?.content === text, text);
