import { createClient } from "@llm-backend/client";
import { createHandDrivenReply, finish, say } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { WebSocket as NodeSocket } from "ws";
import { setClientStage, transports } from "./client-stage.ts";
import { createRecordingFetch } from "./recording-fetch.ts";

describe("calls", () => {
  it("travel in batches of at most ten, those of auth alone", async () => {
    await using stage = await setClientStage();
    const recorder = createRecordingFetch();
    const { client, conversationId } = await stage.addUser({ fetch: recorder.fetch });
    const before = recorder.requests.length;
    const gets = Array.from({ length: 25 }, () => client.conversation.get.query({ conversationId }));
    const mes = Array.from({ length: 3 }, () => client.auth.me.query());
    const views = await Promise.all(gets);
    await Promise.all(mes);
    expect(new Set(views.map((view) => view.conversationId))).toEqual(new Set([conversationId]));
    const sizes = recorder.requests.slice(before).map(({ paths }) => `${paths[0]} ${paths.length}`);
    expect(sizes.toSorted()).toEqual([
      "auth.me 1",
      "auth.me 1",
      "auth.me 1",
      "conversation.get 10",
      "conversation.get 10",
      "conversation.get 5",
    ]);
  });

  it("fail one by one within a batch", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser();
    const [there, absent] = await Promise.allSettled([
      client.conversation.get.query({ conversationId }),
      client.conversation.get.query({ conversationId: 1 }),
    ]);
    expect(there.status).toBe("fulfilled");
    expect(absent).toMatchObject({ status: "rejected", reason: { code: "not_found", httpStatus: 404 } });
  });

  it("are refused by the server in batches of eleven, and when auth is in a batch", async () => {
    await using stage = await setClientStage();
    const post = async (paths: readonly string[]) => {
      const response = await fetch(`${stage.backend.url}/trpc/${paths.join(",")}?batch=1`);
      return response.status;
    };
    expect(await post(Array<string>(11).fill("model.list"))).toBe(400);
    expect(await post(["auth.me", "auth.me"])).toBe(400);
    expect(await post(Array<string>(10).fill("model.list"))).toBe(401);
  });

  it("with an input too long for a URL travel as a body", async () => {
    await using stage = await setClientStage();
    const recorder = createRecordingFetch();
    const { client } = await stage.addUser({ fetch: recorder.fetch });
    await expect(client.chat.get.query({ runId: "x".repeat(100_000) })).rejects.toMatchObject({
      code: "invalid_input",
      issues: [{ path: "runId" }],
    });
    expect(recorder.requests.at(-1)).toMatchObject({ method: "POST", paths: ["chat.get"] });
    expect(recorder.requests.at(-1)?.url.search).toBe("");
  });

  it("keep dates, and give up at once when their signal is aborted", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser();
    const { createdAt } = await client.conversation.get.query({ conversationId });
    expect(createdAt).toBeInstanceOf(Date);
    const aborted = client.conversation.get.query({ conversationId }, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: "cancelled" });
    const controller = new AbortController();
    stage.proxy.freezeAll();
    const frozen = client.conversation.get.query({ conversationId }, { signal: controller.signal });
    controller.abort();
    await expect(frozen).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe.each(transports)("streams over %s", (transport) => {
  it("carry a message of a million characters", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    await client.conversation.update.mutate({ conversationId, model: "grok" });
    const message = "ä\n".repeat(500_000);
    await client.chat.stream({ conversationId, message }).result;
    const { messages } = await client.conversation.history.query({ conversationId });
    expect(messages[0]?.content).toBe(message);
  });

  it("keep token and message out of every URL", async () => {
    await using stage = await setClientStage();
    const recorder = createRecordingFetch();
    const socketUrls: string[] = [];
    class RecordingSocket extends WebSocket {
      constructor(url: string | URL) {
        super(url);
        socketUrls.push(String(url));
      }
    }
    const { client, conversationId } = await stage.addUser({
      transport,
      fetch: recorder.fetch,
      WebSocket: RecordingSocket,
    });
    const { accessToken = "" } = (await client.session.tokens()) ?? {};
    await client.chat.stream({ conversationId, message: "between-us" }).result;
    const urls = [...recorder.requests.map(({ url }) => url.href), ...socketUrls];
    expect(urls.filter((url) => url.includes(accessToken) || url.includes("between-us"))).toEqual([]);
    expect(socketUrls).toHaveLength(transport === "sse" ? 0 : 1);
    const streams = recorder.requests.filter(({ paths }) => paths.includes("chat.stream"));
    expect(streams.map(({ authorization }) => authorization)).toEqual(
      transport === "sse" ? [`Bearer ${accessToken}`] : [],
    );
  });

  it("are plain subscriptions as well, which go on where they were cut", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    const types: string[] = [];
    const events = client.trpc.chat.stream.subscribe({ conversationId, message: "Hi", requestId: "plain" });
    for await (const { id, data } of events) {
      types.push(data.type);
      expect(id).toMatch(/^run_\w+:\d+$/);
      stage.proxy.cutAll();
    }
    expect(types).toEqual(["run-start", "text-delta", "run-done"]);
  });

  it("are plain subscriptions with callbacks, which hear nothing once they are given up", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    const reply = createHandDrivenReply();
    stage.upstream.enqueue(reply.reply);
    const { runId } = await client.chat.send.mutate({
      conversationId,
      message: "Hi",
      requestId: "callbacks",
    });
    const { follow } = client.trpc.chat;
    const heard: string[] = [];
    const begun = await new Promise<{ unsubscribe(): void }>((resolve) => {
      const subscription = follow.subscribe(
        { runId },
        {
          onStarted: () => heard.push("started"),
          onData: ({ data }) => heard.push(data.type) > 1 && resolve(subscription),
        },
      );
    });
    begun.unsubscribe();
    reply.push(say("All of it."), finish());
    await client.chat.follow({ runId }).result;
    expect(heard).toEqual(["started", "run-start"]);
    const failure = await new Promise<unknown>((onError) => {
      follow.subscribe({ runId: "run_x" }, { onError });
    });
    expect(failure).toMatchObject({ name: "LlmBackendError", code: "invalid_input" });
  });
});

it("streams over the WebSocket that it is given", async () => {
  await using stage = await setClientStage();
  const { client, conversationId } = await stage.addUser({ transport: "websocket", WebSocket: NodeSocket });
  await expect(client.chat.stream({ conversationId, message: "Hi" }).result).resolves.toMatchObject({
    text: "Hello world",
  });
});

it("finds the server below a path, behind a slash, and under the name of its procedures", async () => {
  await using stage = await setClientStage();
  for (const end of ["", "/", "/trpc", "/trpc/"]) {
    const recorder = createRecordingFetch();
    const client = createClient({ url: `${stage.backend.url}${end}`, token: "none", fetch: recorder.fetch });
    await expect(client.model.list.query()).rejects.toMatchObject({ code: "unauthenticated" });
    expect(recorder.requests.map(({ url }) => url.pathname)).toEqual(["/trpc/model.list"]);
  }
  const recorder = createRecordingFetch();
  const client = createClient({ url: `${stage.backend.url}/below`, token: "none", fetch: recorder.fetch });
  await expect(client.model.list.query()).rejects.toMatchObject({ code: "network", httpStatus: 404 });
  expect(recorder.requests[0]?.url.pathname).toBe("/below/trpc/model.list");
});
