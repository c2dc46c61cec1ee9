import { answer, finish, role, say, stall, think, wait, type Reply } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPrompt, setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import {
  followRun,
  newRequestId,
  readMessages,
  readToEnd,
  toText,
  type Started,
  type Told,
} from "./read-run.ts";

let stage: ChatStage;
let user: StageUser;

beforeAll(async () => {
  stage = await setChatStage();
  user = await stage.addUser();
});
afterAll(() => stage[Symbol.asyncDispose]());

const newConversation = () => createConversation(user.rest);

/** Sends a message and waits for the answer's end. */
async function ask(conversationId: number, message: string, reply?: Reply) {
  if (reply !== undefined) stage.upstream.enqueue(reply);
  const started = await user.trpc.mutate<Started>("chat.send", {
    conversationId,
    requestId: newRequestId(),
    message,
  });
  return { ...started, events: await followRun(user.trpc, started.runId) };
}

const types = (events: readonly Told[]) => events.map(({ event }) => event.type);

describe("chat.stream", () => {
  it("starts an answer and tells all of it, from its start to its one ending", async () => {
    const conversationId = await newConversation();
    stage.upstream.enqueue({
      steps: [role(), think("hm"), wait(5), say("Ru"), wait(20), say("st"), finish()],
    });
    const events = await readToEnd(
      user.trpc.subscribe("chat.stream", { conversationId, requestId: newRequestId(), message: "What?" }),
    );
    expect(events[0]?.event).toEqual({
      type: "run-start",
      runId: expect.stringMatching(/^run_/),
      conversationId,
      userMessageId: expect.stringMatching(/^msg_/),
      assistantMessageId: expect.stringMatching(/^msg_/),
      model: "a-model",
    });
    expect([toText(events, "reasoning-delta"), toText(events)]).toEqual(["hm", "Rust"]);
    expect(events.at(-1)?.event).toEqual({
      type: "run-done",
      finishReason: "stop",
      model: "a-model",
      usage: { promptTokens: 11, completionTokens: 7 },
    });
    const runId = events[0]?.id.split(":")[0] ?? "";
    expect(events.every(({ id }) => id.startsWith(`${runId}:`))).toBe(true);
  });

  it("works over WebSocket as over HTTP", async () => {
    const conversationId = await newConversation();
    await using socket = await openSocketCaller(stage.backend.url, user.rest.token);
    const input = { conversationId, requestId: newRequestId(), message: "What?" };
    const items = [];
    for await (const item of socket.subscribe("chat.stream", input)) items.push(item);
    expect(items.at(-1)).toEqual({ kind: "stopped" });
    const events = items.filter((item) => item.kind === "event");
    expect(toText(events)).toBe("Hello world");
    expect(await readToEnd(user.trpc.subscribe("chat.stream", input))).toEqual(
      events.map((item) => ({ ...item, kind: "event" })),
    );
  });

  it("takes messages that are longer than a URL, as a body", async () => {
    const conversationId = await newConversation();
    const message = "long ".repeat(20_000);
    const response = await user.rest.post(
      "/trpc/chat.stream",
      { json: { conversationId, requestId: newRequestId(), message } },
      { accept: "text/event-stream" },
    );
    expect(await response.text()).toContain('"type":"run-done"');
    expect(readPrompt(await lastCall()).at(-1)?.content).toBe(message);
  });

  it("tells a provider's failure as an event and ends in good order: nothing is asked again", async () => {
    const conversationId = await newConversation();
    const calls = stage.upstream.calls.length;
    stage.upstream.enqueue({
      steps: [role(), say("Half"), { do: "event", data: { error: { message: "boom" } } }],
    });
    const events = await readToEnd(
      user.trpc.subscribe("chat.stream", { conversationId, requestId: newRequestId(), message: "hi" }),
    );
    expect(types(events)).toEqual(["run-start", "text-delta", "run-error"]);
    expect(events.at(-1)?.event).toEqual({
      type: "run-error",
      code: "answer_truncated",
      message: expect.any(String),
      retryable: true,
    });
    expect(stage.upstream.calls.length).toBe(calls + 1);
  });
});

const lastCall = () => {
  const call = stage.upstream.calls.at(-1);
  if (call === undefined) throw new Error("The upstream was not asked.");
  return Promise.resolve(call);
};

describe("the same request id again", () => {
  it("joins the run that it started: 20 at once make one message and one call", async () => {
    const conversationId = await newConversation();
    const calls = stage.upstream.calls.length;
    const input = { conversationId, requestId: newRequestId(), message: "hi" };
    const started = await Promise.all(
      Array.from({ length: 20 }, () => user.trpc.mutate<Started>("chat.send", input)),
    );
    expect(new Set(started.map(({ runId }) => runId)).size).toBe(1);
    expect(new Set(started.map(({ userMessageId }) => userMessageId)).size).toBe(1);
    const streams = await Promise.all(
      Array.from({ length: 5 }, () => readToEnd(user.trpc.subscribe("chat.stream", input))),
    );
    for (const events of streams) expect(toText(events)).toBe("Hello world");
    const later = await user.trpc.mutate<Started>("chat.send", input);
    expect(later).toMatchObject({ runId: started[0]?.runId, state: "done" });
    expect(stage.upstream.calls.length).toBe(calls + 1);
    expect(await readMessages(user.trpc, conversationId)).toHaveLength(2);
  });

  it.each([
    ["another message", { message: "else" }],
    ["another parent", { parentId: null }],
  ])("with %s is a conflict", async (_name, change) => {
    const conversationId = await newConversation();
    const input = { conversationId, requestId: newRequestId(), message: "hi" };
    await user.trpc.mutate("chat.send", input);
    const refused = await user.trpc.tryMutate("chat.send", { ...input, ...change });
    expect([refused.status, refused.error?.data.reason]).toEqual([409, "conflict"]);
  });

  it("for another kind of start, or in another conversation, is a conflict", async () => {
    const conversationId = await newConversation();
    const { assistantMessageId } = await ask(conversationId, "hi");
    const requestId = newRequestId();
    await user.trpc.mutate("chat.send", { conversationId, requestId, message: "more" });
    const elsewhere = { conversationId: await newConversation(), requestId, message: "more" };
    const tries = [
      await user.trpc.tryMutate("chat.regenerate", {
        conversationId,
        requestId,
        messageId: assistantMessageId,
      }),
      await user.trpc.tryMutate("chat.send", elsewhere),
    ];
    expect(tries.map(({ error }) => error?.data.reason)).toEqual(["conflict", "conflict"]);
  });

  it("after a failure tells that failure again, and asks nobody", async () => {
    const conversationId = await newConversation();
    const input = { conversationId, requestId: newRequestId(), message: "hi" };
    stage.upstream.enqueue({ status: 500, steps: [] });
    const first = await readToEnd(user.trpc.subscribe("chat.stream", input));
    const calls = stage.upstream.calls.length;
    const second = await readToEnd(user.trpc.subscribe("chat.stream", input));
    expect(second).toEqual(first);
    expect(types(second)).toEqual(["run-start", "run-error"]);
    expect(stage.upstream.calls.length).toBe(calls);
  });
});

describe("chat.stop", () => {
  it("closes the upstream's socket at once, keeps what was said, and is the same however often it is called", async () => {
    const conversationId = await newConversation();
    stage.upstream.enqueue({ steps: [role(), say("Half of it"), stall()] });
    const { runId } = await user.trpc.mutate<Started>("chat.send", {
      conversationId,
      requestId: newRequestId(),
      message: "hi",
    });
    const call = await lastTaken();
    const following = followRun(user.trpc, runId);
    await until(
      async () => (await readMessages(user.trpc, conversationId)).at(-1)?.content !== "",
      "the first piece",
    );
    const startedAt = performance.now();
    const stopped = await Promise.all([1, 2, 3].map(() => user.trpc.mutate("chat.stop", { runId })));
    const { by, at } = await call.closed;
    expect(by).toBe("client");
    // 100 ms is the promise; a machine that does other things at the same time may need longer.
    expect(at - startedAt).toBeLessThan(1000);
    expect(stopped).toEqual([1, 2, 3].map(() => ({ runId, state: "stopped" })));
    expect(types(await following)).toEqual(["run-start", "text-delta", "run-stop"]);
    expect(await user.trpc.mutate("chat.stop", { runId })).toEqual({ runId, state: "stopped" });
    const messages = await readMessages(user.trpc, conversationId);
    expect(messages.at(-1)).toMatchObject({
      content: "Half of it",
      finishReason: null,
      run: { state: "stopped", lastEventId: null },
    });
  });

  it("changes nothing of an answer that has ended", async () => {
    const conversationId = await newConversation();
    const { runId } = await ask(conversationId, "hi");
    expect(await user.trpc.mutate("chat.stop", { runId })).toEqual({ runId, state: "done" });
    expect((await readMessages(user.trpc, conversationId)).at(-1)?.content).toBe("Hello world");
  });

  it("stops an answer before its first piece, and one that waits for its turn", async () => {
    const conversationId = await newConversation();
    const calls = stage.upstream.calls.length;
    stage.upstream.enqueue({ steps: [stall()] });
    const input = { conversationId, message: "hi" };
    const first = await user.trpc.mutate<Started>("chat.send", { ...input, requestId: newRequestId() });
    const second = await user.trpc.mutate<Started>("chat.send", { ...input, requestId: newRequestId() });
    await until(() => stage.upstream.calls.length > calls, "the upstream is asked");
    for (const { runId } of [second, first]) {
      expect(await user.trpc.mutate("chat.stop", { runId })).toEqual({ runId, state: "stopped" });
      expect(types(await followRun(user.trpc, runId))).toEqual(["run-start", "run-stop"]);
    }
    expect(stage.upstream.calls.length).toBe(calls + 1);
    // The conversation goes on.
    expect(toText((await ask(conversationId, "more")).events)).toBe("Hello world");
  });
});

/** The newest call that nobody has waited for. */
async function lastTaken() {
  for (;;) {
    const call = await stage.upstream.nextCall();
    if (call === stage.upstream.calls.at(-1)) return call;
  }
}

describe("leaving", () => {
  it("ends a following and not the answer, over HTTP as over WebSocket", async () => {
    const conversationId = await newConversation();
    const gate = newRequestId();
    stage.upstream.enqueue({ steps: [role(), say("Half"), wait(gate), say(" more"), finish()] });
    const { runId } = await user.trpc.mutate<Started>("chat.send", {
      conversationId,
      requestId: newRequestId(),
      message: "hi",
    });
    const leaving = new AbortController();
    for await (const item of user.trpc.subscribe("chat.follow", { runId }, { signal: leaving.signal })) {
      if (item.kind === "event" && item.event.type === "text-delta") break;
    }
    leaving.abort();
    {
      await using socket = await openSocketCaller(stage.backend.url, user.rest.token);
      for await (const item of socket.subscribe("chat.follow", { runId })) {
        if (item.kind === "event" && item.event.type === "text-delta") break;
      }
    }
    expect(await user.trpc.query("chat.get", { runId })).toMatchObject({ state: "streaming" });
    stage.upstream.open(gate);
    expect(toText(await followRun(user.trpc, runId))).toBe("Half more");
  });
});

describe("chat.get", () => {
  it("says what a run belongs to and where it stands", async () => {
    const conversationId = await newConversation();
    const { events, ...started } = await ask(conversationId, "hi");
    expect(events.length).toBeGreaterThan(1);
    expect(started.state).toBe("streaming");
    expect(await user.trpc.query("chat.get", { runId: started.runId })).toEqual({
      ...started,
      state: "done",
    });
  });
});

describe("regenerating and editing", () => {
  it("puts another answer beside the one that is there, and moves the head to it", async () => {
    const conversationId = await newConversation();
    const first = await ask(conversationId, "What?", answer("one"));
    stage.upstream.enqueue(answer("two"));
    const second = await user.trpc.mutate<Started>("chat.regenerate", {
      conversationId,
      requestId: newRequestId(),
      messageId: first.assistantMessageId,
      model: "another-model",
    });
    expect(second.userMessageId).toBeNull();
    const events = await followRun(user.trpc, second.runId);
    expect(events[0]?.event).not.toHaveProperty("userMessageId");
    expect(toText(events)).toBe("two");
    const [question, shown] = await readMessages(user.trpc, conversationId);
    expect(shown).toMatchObject({ content: "two", model: "another-model", parentId: question?.messageId });
    expect(shown?.siblingIds).toEqual([first.assistantMessageId, second.assistantMessageId]);
    expect(readPrompt(await lastCall()).slice(1)).toEqual([{ role: "user", content: "What?" }]);
    const old = await user.trpc.query<{ messages: { content: string }[] }>("conversation.history", {
      conversationId,
      cursor: first.assistantMessageId,
    });
    expect(old.messages.map(({ content }) => content)).toEqual(["What?", "one"]);
  });

  it("puts another version beside a message, answers it, and keeps the old branch whole", async () => {
    const conversationId = await newConversation();
    const first = await ask(conversationId, "one", answer("answer to one"));
    const second = await ask(conversationId, "two", answer("answer to two"));
    stage.upstream.enqueue(answer("answer to three"));
    const third = await user.trpc.mutate<Started>("chat.edit", {
      conversationId,
      requestId: newRequestId(),
      messageId: second.userMessageId,
      message: "three",
    });
    await followRun(user.trpc, third.runId);
    const messages = await readMessages(user.trpc, conversationId);
    expect(messages.map(({ content }) => content)).toEqual([
      "one",
      "answer to one",
      "three",
      "answer to three",
    ]);
    expect(messages[2]?.siblingIds).toEqual([second.userMessageId, third.userMessageId]);
    expect(
      readPrompt(await lastCall())
        .slice(1)
        .map(({ content }) => content),
    ).toEqual(["one", "answer to one", "three"]);
    const old = await user.trpc.query<{ messages: { content: string }[] }>("conversation.history", {
      conversationId,
      cursor: second.assistantMessageId,
    });
    expect(old.messages.map(({ content }) => content)).toEqual([
      "one",
      "answer to one",
      "two",
      "answer to two",
    ]);
    // The first message can be edited too: it has no parent.
    const again = await user.trpc.mutate<Started>("chat.edit", {
      conversationId,
      requestId: newRequestId(),
      messageId: first.userMessageId,
      message: "zero",
    });
    await followRun(user.trpc, again.runId);
    const [zero] = await readMessages(user.trpc, conversationId);
    expect(zero).toMatchObject({
      content: "zero",
      parentId: null,
      siblingIds: [first.userMessageId, again.userMessageId],
    });
  });

  it("answers to any message that is named, and to none", async () => {
    const conversationId = await newConversation();
    const first = await ask(conversationId, "one", answer("answer to one"));
    await ask(conversationId, "two");
    const send = async (fields: object) => {
      const started = await user.trpc.mutate<Started>("chat.send", {
        conversationId,
        requestId: newRequestId(),
        ...fields,
      });
      await followRun(user.trpc, started.runId);
      return (await readMessages(user.trpc, conversationId)).map(({ content }) => content);
    };
    expect(await send({ message: "branch", parentId: first.assistantMessageId })).toEqual([
      "one",
      "answer to one",
      "branch",
      "Hello world",
    ]);
    expect(await send({ message: "fresh", parentId: null })).toEqual(["fresh", "Hello world"]);
  });

  it("refuses to edit an answer and to regenerate a question", async () => {
    const conversationId = await newConversation();
    const { userMessageId, assistantMessageId } = await ask(conversationId, "hi");
    const tries = [
      await user.trpc.tryMutate("chat.edit", {
        conversationId,
        requestId: newRequestId(),
        messageId: assistantMessageId,
        message: "x",
      }),
      await user.trpc.tryMutate("chat.regenerate", {
        conversationId,
        requestId: newRequestId(),
        messageId: userMessageId,
      }),
    ];
    expect(tries.map(({ error }) => error?.data.reason)).toEqual(["invalid_input", "invalid_input"]);
    expect(await readMessages(user.trpc, conversationId)).toHaveLength(2);
  });

  it("is keyed by the request as sending is: 10 at once make one sibling", async () => {
    const conversationId = await newConversation();
    const { assistantMessageId } = await ask(conversationId, "hi");
    const input = { conversationId, requestId: newRequestId(), messageId: assistantMessageId };
    const started = await Promise.all(
      Array.from({ length: 10 }, () => user.trpc.mutate<Started>("chat.regenerate", input)),
    );
    expect(new Set(started.map(({ runId }) => runId)).size).toBe(1);
    const messages = await readMessages(user.trpc, conversationId);
    expect(messages.at(-1)?.siblingIds).toHaveLength(2);
  });
});
