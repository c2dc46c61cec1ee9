import { createClient, type ChatStream, type RetryNotice, type RunEvent } from "@llm-backend/client";
import { answer, createHandDrivenReply, fail, finish, reset, say } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { addClientOf, quickRetry, setClientStage, transports } from "./client-stage.ts";

async function readAll(stream: ChatStream): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** Reads until a text has arrived, and leaves. */
async function readUntil(stream: ChatStream, text: string): Promise<void> {
  for await (const event of stream) if (event.type === "text-delta" && stream.text === text) return;
}

describe.each(transports)("answers over %s", (transport) => {
  it("are one for twenty streams at once under one request id, also beyond the limit of streams", async () => {
    await using stage = await setClientStage({
      backend: { config: { limits: { streams_per_user_max: 8 } } },
    });
    const { client, conversationId } = await stage.addUser({ transport });
    const reply = createHandDrivenReply();
    stage.upstream.enqueue(reply.reply);
    reply.push(say("Hello"));
    const request = { conversationId, message: "Once, please.", requestId: "send-1" };
    // Twelve wait until the answer is there.
    const waiting: string[] = [];
    const onRetry = ({ error }: RetryNotice) => {
      waiting.push(error.code);
      if (waiting.length === 12) reply.push(say(" world"), finish());
    };
    const streams = Array.from({ length: 20 }, () => client.chat.stream(request, { onRetry }));
    const results = await Promise.all(streams.map((stream) => stream.result));
    expect(new Set(waiting)).toEqual(new Set(["rate_limited"]));
    expect(new Set(results.map(({ text }) => text))).toEqual(new Set(["Hello world"]));
    expect(new Set(results.map(({ runId }) => runId)).size).toBe(1);
    expect(stage.upstream.calls).toHaveLength(1);
    const { messages } = await client.conversation.history.query({ conversationId });
    expect(messages.map(({ content }) => content)).toEqual(["Once, please.", "Hello world"]);
  });

  it("reach all who follow them, from wherever they begin", async () => {
    await using stage = await setClientStage();
    const user = await stage.addUser({ transport });
    const { client, conversationId } = user;
    const other = await addClientOf(user, { url: stage.backend.url, transport });
    const reply = createHandDrivenReply();
    stage.upstream.enqueue(reply.reply);
    reply.push(say("first "));
    const first = client.chat.stream({ conversationId, message: "Hi" });
    const position = await new Promise<{ runId: string; lastEventId: string; text: string }>(
      (resolve, reject) => {
        void (async () => {
          for await (const event of first) {
            if (event.type !== "text-delta" || event.text !== "first ") continue;
            const { runId = "", lastEventId = "", text } = first;
            resolve({ runId, lastEventId, text });
          }
        })().catch(reject);
      },
    );
    const { runId, lastEventId, text } = position;
    const fromStart = other.chat.follow({ runId });
    const behind = other.chat.follow({ runId, lastEventId });
    const onTop = other.chat.follow({ runId, lastEventId }, { text });
    reply.push(say("second"), finish());
    const results = await Promise.all([first, fromStart, behind, onTop].map((stream) => stream.result));
    expect(results.map((result) => result.text)).toEqual([
      "first second",
      "first second",
      "second",
      "first second",
    ]);
    other.close();
  });

  it("go on when one who follows them leaves the loop, or aborts, or closes the client", async () => {
    await using stage = await setClientStage();
    const user = await stage.addUser({ transport });
    const { client, conversationId } = user;
    const other = await addClientOf(user, { url: stage.backend.url, transport });
    const reply = createHandDrivenReply();
    stage.upstream.enqueue(reply.reply);
    reply.push(say("a"));

    const leaving = client.chat.stream({ conversationId, message: "Hi" });
    await readUntil(leaving, "a");
    await expect(leaving.result).rejects.toMatchObject({ code: "cancelled" });
    const runId = leaving.runId ?? "";

    const controller = new AbortController();
    const aborting = client.chat.follow({ runId }, { signal: controller.signal });
    const aborted = readAll(aborting);
    const closing = other.chat.follow({ runId });
    const closed = readAll(closing);
    reply.push(say("b"));
    const staying = client.chat.follow({ runId });
    const stayed = staying[Symbol.asyncIterator]();
    await stayed.next();
    controller.abort();
    other.close();
    await expect(aborted).rejects.toMatchObject({ code: "cancelled" });
    await expect(closed).rejects.toMatchObject({ code: "cancelled" });

    reply.push(say("c"), finish());
    await expect(staying.result).resolves.toMatchObject({ state: "done", text: "abc" });
    const { messages } = await client.conversation.history.query({ conversationId });
    expect(messages.at(-1)?.content).toBe("abc");
  });

  it("stop for everybody when one says so, and keep their text", async () => {
    await using stage = await setClientStage();
    const user = await stage.addUser({ transport });
    const { client, conversationId } = user;
    const other = await addClientOf(user, { url: stage.backend.url, transport });
    stage.upstream.enqueue(createHandDrivenReplyWith("Half an answer"));
    const stream = client.chat.stream({ conversationId, message: "Hi" });
    const events: RunEvent[] = [];
    for await (const event of stream) {
      events.push(event);
      if (event.type !== "text-delta") continue;
      const elsewhere = other.chat.follow({ runId: stream.runId ?? "" });
      await expect(elsewhere.stop()).resolves.toMatchObject({ state: "stopped" });
    }
    expect(events.at(-1)).toEqual({ type: "run-stop" });
    await expect(stream.result).resolves.toMatchObject({ state: "stopped", text: "Half an answer" });
    await expect(stream.stop()).resolves.toMatchObject({ state: "stopped" });
    const call = stage.upstream.calls[0];
    expect((await call?.closed)?.by).toBe("client");
    other.close();
  });

  it("can be stopped before the first event has come", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    stage.upstream.enqueue(createHandDrivenReplyWith("never read"));
    const stream = client.chat.stream({ conversationId, message: "Hi" });
    await expect(stream.stop()).resolves.toMatchObject({ state: "stopped" });
    await expect(stream.result).resolves.toMatchObject({ state: "stopped" });
  });

  it("are made again, and messages edited, once each however often the line is cut", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    await client.chat.stream({ conversationId, message: "First version" }).result;
    const [question, first] = (await client.conversation.history.query({ conversationId })).messages;
    let bytes = 0;
    stage.proxy.setBytesMax(() => (bytes += 150));
    stage.proxy.cutAll();

    const again = client.chat.regenerate({ conversationId, messageId: first?.messageId ?? "" });
    expect((await readAll(again)).map(({ type }) => type)).toEqual(["run-start", "text-delta", "run-done"]);
    bytes = 0;
    stage.proxy.cutAll();
    const edited = client.chat.edit({
      conversationId,
      messageId: question?.messageId ?? "",
      message: "Second version",
    });
    expect((await readAll(edited)).map(({ type }) => type)).toEqual(["run-start", "text-delta", "run-done"]);

    stage.proxy.setBytesMax(undefined);
    stage.proxy.cutAll();
    expect(stage.upstream.calls).toHaveLength(3);
    const { messages } = await createPlainClient(stage.backend.url, client).conversation.history.query({
      conversationId,
    });
    expect(messages.map(({ content }) => content)).toEqual(["Second version", "Hello world"]);
    expect(messages[0]?.siblingIds).toHaveLength(2);
  });

  it("go on where an answer was cut, once however often the line is", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    stage.upstream.enqueue({ steps: [say("Half of it"), finish({ reason: "length" })] });
    await client.chat.stream({ conversationId, message: "Hi" }).result;
    const [, half] = (await client.conversation.history.query({ conversationId })).messages;
    let bytes = 0;
    stage.proxy.setBytesMax(() => (bytes += 150));
    stage.proxy.cutAll();
    stage.upstream.enqueue(answer(", and the rest"));

    const whole = client.chat.continue({ conversationId, messageId: half?.messageId ?? "" });
    await expect(whole.result).resolves.toMatchObject({ state: "done", text: "Half of it, and the rest" });
    expect(whole.text).toBe("Half of it, and the rest");
    expect(stage.upstream.calls).toHaveLength(2);
  });

  it("tell of a failure as their last event, and as the error of their result", async () => {
    await using stage = await setClientStage({ upstream: { reply: fail(400) } });
    const { client, conversationId } = await stage.addUser({ transport });
    const stream = client.chat.stream({ conversationId, message: "Hi" });
    const events = await readAll(stream);
    expect(events.map(({ type }) => type)).toEqual(["run-start", "run-error"]);
    expect(events.at(-1)).toMatchObject({ code: "upstream_rejected", retryable: false });
    await expect(stream.result).rejects.toMatchObject({ code: "upstream_rejected", retryable: false });
  });

  it("end with exactly the stored text when the upstream breaks off in the middle", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    stage.upstream.enqueue({ steps: [say("A false start"), reset()] });
    const stream = client.chat.stream({ conversationId, message: "Hi" });
    await readAll(stream);
    const { messages } = await client.conversation.history.query({ conversationId });
    expect(stream.text).toBe(messages.at(-1)?.content);
  });
});

/** A reply that says something and then waits for ever. */
function createHandDrivenReplyWith(text: string) {
  const reply = createHandDrivenReply();
  reply.push(say(text));
  return reply.reply;
}

/** A client with the tokens of another one. */
function createPlainClient(
  url: string,
  client: { session: { tokens(): Promise<{ accessToken: string } | null> } },
) {
  return createClient({
    url,
    retry: quickRetry,
    getToken: async () => (await client.session.tokens())?.accessToken,
  });
}
