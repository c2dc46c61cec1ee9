import { role, say, wait, finish, type Call, type Step } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { followRun, newRequestId, readMessages, toText, type Started } from "./read-run.ts";

let stage: ChatStage;
let user: StageUser;
let gates = 0;

beforeAll(async () => {
  stage = await setChatStage();
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** An answer of two halves with a gate between them. */
function prepare(): { gate: string; nextCall: () => Promise<Call> } {
  const gate = `disconnect-${++gates}`;
  const steps: Step[] = [role(), say("Half"), wait(gate), say(" more"), finish()];
  const calls = stage.upstream.calls.length;
  stage.upstream.enqueue({ steps });
  return {
    gate,
    async nextCall() {
      await until(() => stage.upstream.calls.length > calls, "the upstream is asked");
      return stage.upstream.calls[calls] as Call;
    },
  };
}

async function send(onDisconnect: unknown, path = "chat.send", more = {}): Promise<Started> {
  const conversationId = await createConversation(user.rest);
  const input = { conversationId, requestId: newRequestId(), message: "hi", onDisconnect, ...more };
  return user.trpc.mutate<Started>(path, input);
}

/** Follows an answer until its first half is there, and leaves. */
async function visit(runId: string): Promise<void> {
  const leaving = new AbortController();
  for await (const item of user.trpc.subscribe("chat.follow", { runId }, { signal: leaving.signal })) {
    if (item.kind === "event" && item.event.type === "text-delta") break;
  }
  leaving.abort();
}

const readState = async (runId: string) =>
  (await user.trpc.query<{ state: string }>("chat.get", { runId })).state;
const untilStopped = (runId: string) =>
  until(async () => (await readState(runId)) === "stopped", "the answer is stopped");

describe("an answer that is cancelled on disconnect", () => {
  it("is stopped like any other when its last follower leaves: socket closed, text kept", async () => {
    const { nextCall } = prepare();
    const { runId, conversationId } = await send("cancel");
    const call = await nextCall();
    await visit(runId);
    expect((await call.closed).by).toBe("client");
    await untilStopped(runId);
    const messages = await readMessages(user.trpc, conversationId);
    expect(messages.at(-1)).toMatchObject({ content: "Half", run: { state: "stopped" } });
    expect((await followRun(user.trpc, runId)).at(-1)?.event).toEqual({ type: "run-stop" });
  });

  it("is stopped when the stream that started it is left, over HTTP as over WebSocket", async () => {
    const calls = [prepare(), prepare()];
    const toInput = async () => ({
      conversationId: await createConversation(user.rest),
      requestId: newRequestId(),
      message: "hi",
      onDisconnect: "cancel",
    });
    const leaving = new AbortController();
    const options = { signal: leaving.signal };
    for await (const item of user.trpc.subscribe("chat.stream", await toInput(), options)) {
      if (item.kind === "event" && item.event.type === "text-delta") break;
    }
    leaving.abort();
    expect((await (await calls[0]?.nextCall())?.closed)?.by).toBe("client");
    {
      await using socket = await openSocketCaller(stage.backend.url, user.rest.token);
      for await (const item of socket.subscribe("chat.stream", await toInput())) {
        if (item.kind === "event" && item.event.type === "text-delta") break;
      }
    }
    expect((await (await calls[1]?.nextCall())?.closed)?.by).toBe("client");
  });

  it("goes on as long as one of its followers is there", async () => {
    const { gate } = prepare();
    const { runId } = await send("cancel");
    const faithful = followRun(user.trpc, runId);
    await visit(runId);
    expect(await readState(runId)).toBe("streaming");
    stage.upstream.open(gate);
    expect(toText(await faithful)).toBe("Half more");
  });

  it("goes on to its end when nobody ever came", async () => {
    const { gate } = prepare();
    const { runId } = await send("cancel");
    stage.upstream.open(gate);
    await until(async () => (await readState(runId)) === "done", "the end");
    expect(toText(await followRun(user.trpc, runId))).toBe("Half more");
  });
});

describe("an answer with a time of grace", () => {
  it("is stopped after that time without followers, also when none ever came", async () => {
    const calls = [prepare(), prepare()];
    const visited = await send({ graceMs: 300 });
    const lonely = await send({ graceMs: 20 });
    await visit(visited.runId);
    for (const { runId } of [visited, lonely]) await untilStopped(runId);
    for (const { nextCall } of calls) expect((await (await nextCall()).closed).by).toBe("client");
  });

  it("is kept by a follower who comes back in time", async () => {
    const { gate } = prepare();
    const { runId } = await send({ graceMs: 600_000 });
    await visit(runId);
    const back = followRun(user.trpc, runId);
    stage.upstream.open(gate);
    expect(toText(await back)).toBe("Half more");
  });
});

describe("every way to start an answer", () => {
  it("takes the policy: regenerating, editing, continuing", async () => {
    const { gate, nextCall } = prepare();
    stage.upstream.open(gate);
    const first = await send("continue");
    await nextCall();
    await followRun(user.trpc, first.runId);
    const { conversationId } = first;
    const starts: [path: string, messageId: string | null, more: object][] = [
      ["chat.regenerate", first.assistantMessageId, {}],
      ["chat.edit", first.userMessageId, { message: "other" }],
    ];
    let stopped = first.assistantMessageId;
    for (const [path, messageId, more] of starts) {
      prepare();
      const input = { conversationId, messageId, requestId: newRequestId(), onDisconnect: "cancel", ...more };
      const started = await user.trpc.mutate<Started>(path, input);
      await visit(started.runId);
      await untilStopped(started.runId);
      stopped = started.assistantMessageId;
    }
    prepare();
    const input = { conversationId, messageId: stopped, requestId: newRequestId(), onDisconnect: "cancel" };
    const { runId } = await user.trpc.mutate<Started>("chat.continue", input);
    await visit(runId);
    await untilStopped(runId);
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
