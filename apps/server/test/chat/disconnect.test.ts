import { finish, role, say, wait, type Call, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { followRun, newRequestId, readMessages, toText, type Started } from "./read-run.ts";

let stage: ChatStage;
let user: StageUser;
let questions = 0;

beforeAll(async () => {
  stage = await setChatStage({ upstream: { reply: inHalves } });
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const readQuestion = (call: Call) =>
  readPrompt(call).findLast(({ role: by }) => by === "user")?.content ?? "";

/** Two halves, with a gate between them that has the name of the question. */
const inHalves = (call: Call): Reply => ({
  steps: [role(), say("Half"), wait(readQuestion(call)), say(" more"), finish()],
});

/** A question that no other test asks. */
const newQuestion = () => `question-${++questions}`;

const findCall = (question: string) => stage.upstream.calls.find((call) => readQuestion(call) === question);

/** Waits until the upstream's socket is closed, and tells by whom. */
async function untilClosed(question: string): Promise<string> {
  await until(() => findCall(question) !== undefined, "the upstream is asked");
  return (await findCall(question)?.closed)?.by ?? "nobody";
}

async function send(message: string, onDisconnect: unknown): Promise<Started> {
  const conversationId = await createConversation(user.rest);
  const input = { conversationId, requestId: newRequestId(), message, onDisconnect };
  return user.trpc.mutate<Started>("chat.send", input);
}

/** Follows an answer until its first half is there, and leaves. */
async function visit(runId: string): Promise<void> {
  const leaving = new AbortController();
  for await (const item of user.trpc.subscribe("chat.follow", { runId }, { signal: leaving.signal })) {
    if (item.kind === "event" && item.event.type === "text-delta") break;
  }
  leaving.abort();
}

/** Starts an answer that is cancelled on disconnect, looks at it, and waits until it is stopped. */
async function startAndLeave(path: string, input: Readonly<Record<string, unknown>>): Promise<Started> {
  const given = { ...input, requestId: newRequestId(), onDisconnect: "cancel" };
  const started = await user.trpc.mutate<Started>(path, given);
  await visit(started.runId);
  await untilStopped(started.runId);
  return started;
}

const readState = async (runId: string) =>
  (await user.trpc.query<{ state: string }>("chat.get", { runId })).state;
const untilStopped = (runId: string) =>
  until(async () => (await readState(runId)) === "stopped", "the answer is stopped");

describe("an answer that is cancelled on disconnect", () => {
  it("is stopped like any other when its last follower leaves: socket closed, text kept", async () => {
    const question = newQuestion();
    const { runId, conversationId } = await send(question, "cancel");
    await visit(runId);
    expect(await untilClosed(question)).toBe("client");
    await untilStopped(runId);
    const messages = await readMessages(user.trpc, conversationId);
    expect(messages.at(-1)).toMatchObject({ content: "Half", run: { state: "stopped" } });
    expect((await followRun(user.trpc, runId)).at(-1)?.event).toEqual({ type: "run-stop" });
  });

  it("is stopped when the stream that started it is left, over HTTP as over WebSocket", async () => {
    const toInput = async (message: string) => ({
      conversationId: await createConversation(user.rest),
      requestId: newRequestId(),
      message,
      onDisconnect: "cancel",
    });
    const [first, second] = [newQuestion(), newQuestion()];
    const leaving = new AbortController();
    const options = { signal: leaving.signal };
    for await (const item of user.trpc.subscribe("chat.stream", await toInput(first), options)) {
      if (item.kind === "event" && item.event.type === "text-delta") break;
    }
    leaving.abort();
    expect(await untilClosed(first)).toBe("client");
    {
      await using socket = await openSocketCaller(stage.backend.url, user.rest.token);
      for await (const item of socket.subscribe("chat.stream", await toInput(second))) {
        if (item.kind === "event" && item.event.type === "text-delta") break;
      }
    }
    expect(await untilClosed(second)).toBe("client");
  });

  it("goes on as long as one of its followers is there", async () => {
    const question = newQuestion();
    const { runId } = await send(question, "cancel");
    const faithful = followRun(user.trpc, runId);
    await visit(runId);
    expect(await readState(runId)).toBe("streaming");
    stage.upstream.open(question);
    expect(toText(await faithful)).toBe("Half more");
  });

  it("goes on to its end when nobody ever came", async () => {
    const question = newQuestion();
    const { runId } = await send(question, "cancel");
    stage.upstream.open(question);
    await until(async () => (await readState(runId)) === "done", "the end");
    expect(toText(await followRun(user.trpc, runId))).toBe("Half more");
  });
});

describe("an answer with a time of grace", () => {
  it("is stopped after that time without followers, also when none ever came", async () => {
    const question = newQuestion();
    const visited = await send(question, { graceMs: 300 });
    const lonely = await send(newQuestion(), { graceMs: 20 });
    await visit(visited.runId);
    for (const { runId } of [visited, lonely]) await untilStopped(runId);
    expect(await untilClosed(question)).toBe("client");
  });

  it("is kept by a follower who comes back in time", async () => {
    const question = newQuestion();
    const { runId } = await send(question, { graceMs: 600_000 });
    await visit(runId);
    const back = followRun(user.trpc, runId);
    stage.upstream.open(question);
    expect(toText(await back)).toBe("Half more");
  });
});

describe("every way to start an answer", () => {
  it("takes the policy: regenerating, editing, continuing", async () => {
    const question = newQuestion();
    stage.upstream.open(question);
    const first = await send(question, "continue");
    await followRun(user.trpc, first.runId);
    const { conversationId } = first;
    const edited = { messageId: first.userMessageId, message: newQuestion() };
    const second = await startAndLeave("chat.edit", { conversationId, ...edited });
    const third = await startAndLeave("chat.regenerate", {
      conversationId,
      messageId: second.assistantMessageId,
    });
    await startAndLeave("chat.continue", { conversationId, messageId: third.assistantMessageId });
    expect((await readMessages(user.trpc, conversationId)).at(-1)?.content).toMatch(/^Half/);
  });

  it.each([[{ graceMs: -1 }], [{ graceMs: 600_001 }], [{ graceMs: 1.5 }], [{}], ["stop"], [null]])(
    "refuses %j",
    async (onDisconnect) => {
      const conversationId = await createConversation(user.rest);
      const input = { conversationId, requestId: newRequestId(), message: "hi", onDisconnect };
      expect((await user.trpc.tryMutate("chat.send", input)).status).toBe(400);
    },
  );
});
