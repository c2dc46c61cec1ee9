import { answer, finish, role, say, wait } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { followRun, newRequestId, readMessages, type Started } from "./read-run.ts";

let stage: ChatStage;
let user: StageUser;

beforeAll(async () => {
  stage = await setChatStage({
    // Repeats the question, so that it shows which answer belongs to which.
    upstream: { reply: (call) => answer(`answer to ${readPrompt(call).at(-1)?.content}`) },
    backend: {
      config: { limits: { waiting_runs_max: 100, runs_per_user_max: 1000, streams_per_user_max: 1000 } },
    },
  });
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const send = (conversationId: number, message: string) =>
  user.trpc.mutate<Started>("chat.send", { conversationId, requestId: newRequestId(), message });

describe("two messages sent at once in one conversation", () => {
  it("make one chain, each answer behind its question, whichever comes first: 200 races", async () => {
    const races = Array.from({ length: 200 }, async (_, race) => {
      const conversationId = await createConversation(user.rest);
      const started = await Promise.all([send(conversationId, `a${race}`), send(conversationId, `b${race}`)]);
      await Promise.all(started.map(({ runId }) => followRun(user.trpc, runId)));
      const messages = await readMessages(user.trpc, conversationId);
      expect(messages).toHaveLength(4);
      const [first, second, third, fourth] = messages;
      expect(new Set([first?.content, third?.content])).toEqual(new Set([`a${race}`, `b${race}`]));
      expect(second?.content).toBe(`answer to ${first?.content}`);
      expect(fourth?.content).toBe(`answer to ${third?.content}`);
      expect(messages.map(({ parentId }) => parentId)).toEqual([
        null,
        first?.messageId,
        second?.messageId,
        third?.messageId,
      ]);
      expect(messages.every(({ siblingIds }) => siblingIds.length === 1)).toBe(true);
    });
    // A few at a time: all at once would only wait for the disk.
    for (let index = 0; index < races.length; index += 20) await Promise.all(races.slice(index, index + 20));
    expect(stage.upstream.calls).toHaveLength(400);
  });

  it("are answered one after the other, the second knowing the whole first answer", async () => {
    const conversationId = await createConversation(user.rest);
    const gate = newRequestId();
    stage.upstream.enqueue({ steps: [role(), say("slow"), wait(gate), say(" answer"), finish()] });
    const calls = stage.upstream.calls.length;
    const first = await send(conversationId, "first");
    await until(() => stage.upstream.calls.length > calls, "the upstream is asked");
    const rest = await Promise.all(["second", "third"].map((message) => send(conversationId, message)));
    await new Promise((resolve) => void setImmediate(resolve));
    expect(stage.upstream.calls.length).toBe(calls + 1);
    stage.upstream.open(gate);
    for (const { runId } of [first, ...rest]) await followRun(user.trpc, runId);
    const prompts = stage.upstream.calls.slice(calls).map((call) =>
      readPrompt(call)
        .slice(1)
        .map(({ content }) => content),
    );
    const messages = (await readMessages(user.trpc, conversationId)).map(({ content }) => content);
    expect(messages.slice(0, 2)).toEqual(["first", "slow answer"]);
    expect(prompts).toEqual([messages.slice(0, 1), messages.slice(0, 3), messages.slice(0, 5)]);
  });
});

describe("conversations side by side", () => {
  it("never mix: 100 answers at once, each whole and where it belongs", async () => {
    const asked = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const conversationId = await createConversation(user.rest);
        const { runId } = await send(conversationId, `question ${index}`);
        return { conversationId, runId, index };
      }),
    );
    for (const { conversationId, runId, index } of asked) {
      await followRun(user.trpc, runId);
      const messages = await readMessages(user.trpc, conversationId);
      expect(messages.map(({ content }) => content)).toEqual([
        `question ${index}`,
        `answer to question ${index}`,
      ]);
    }
  });
});

describe("a conversation that is deleted while it is answered", () => {
  it("leaves nothing behind and ends its streams, at whatever moment", async () => {
    const races = Array.from({ length: 40 }, async (_, race) => {
      const conversationId = await createConversation(user.rest);
      const { runId } = await send(conversationId, "hi");
      const following = followRun(user.trpc, runId).catch((error: unknown) => String(error));
      for (let turn = 0; turn < race % 10; turn++) await new Promise((resolve) => void setImmediate(resolve));
      await user.trpc.mutate("conversation.remove", { conversationId });
      // Either the answer was over by then, or it was stopped, or it was gone before anyone could follow it.
      const told = await following;
      if (typeof told === "string") expect(told).toMatch(/not_found/);
      else expect(["run-done", "run-stop"]).toContain(told.at(-1)?.event.type);
      expect((await user.trpc.tryQuery("chat.get", { runId })).status).toBe(404);
      expect((await user.trpc.tryQuery("conversation.history", { conversationId })).status).toBe(404);
      return runId;
    });
    await Promise.all(races);
    const lines = stage.backend.logLines.filter((line) => /"level":"(error|fatal)"/.test(line));
    expect(lines).toEqual([]);
  });

  it("closes the upstream's socket at once", async () => {
    const conversationId = await createConversation(user.rest);
    stage.upstream.enqueue({ steps: [role(), say("Half"), wait("never")] });
    const calls = stage.upstream.calls.length;
    const { runId } = await send(conversationId, "hi");
    const following = followRun(user.trpc, runId);
    await until(() => stage.upstream.calls.length > calls, "the upstream is asked");
    const call = stage.upstream.calls[calls];
    const startedAt = performance.now();
    await user.trpc.mutate("conversation.remove", { conversationId });
    expect(await call?.closed).toMatchObject({ by: "client" });
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect((await following).at(-1)?.event.type).toBe("run-stop");
  });
});
