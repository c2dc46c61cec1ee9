import { request } from "node:http";
import { createHandDrivenReply, finish, role, say } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, until, type ChatStage, type StageUser } from "../callers/chat-stage.ts";
import { createConversation, createRestCaller } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { callerToken } from "../openai/openai-stage.ts";
import { needsNginx, startDocumentedNginx } from "./nginx-stage.ts";

const mebibyte = 1024 * 1024;

describe("behind nginx, as the documentation has it", needsNginx, () => {
  let stage: ChatStage;
  let nginx: Awaited<ReturnType<typeof startDocumentedNginx>>;
  let user: StageUser;
  beforeAll(async () => {
    const config = {
      authorization: callerToken,
      trusted_proxies: ["loopback"],
      limits: { body_bytes_max: mebibyte },
      gateway: { discover: false, body_bytes_max: mebibyte },
    };
    stage = await setChatStage({ backend: { config } });
    nginx = await startDocumentedNginx(stage.backend.url);
    const { token } = (await stage.addUser()).rest;
    user = { rest: createRestCaller(nginx.url, token), trpc: createTrpcCaller(nginx.url, token) };
  });
  afterAll(async () => {
    await nginx?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  /** An upstream that says the first piece, and goes on when it is told to. */
  function answerInSteps() {
    const hand = createHandDrivenReply();
    stage.upstream.enqueue(hand.reply);
    hand.push(role(), say("first"));
    const goOn = () => {
      hand.push(say(" second"), finish());
      hand.end();
    };
    return { goOn };
  }

  const askV1 = (signal?: AbortSignal) =>
    fetch(`${nginx.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${callerToken}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "Hi" }] }),
      ...(signal !== undefined && { signal }),
    });

  it.each([
    [
      "REST",
      async () => user.rest.post(`/api/chat/${await createConversation(user.rest)}`, { message: "Hi" }),
    ],
    ["/v1", async () => askV1()],
  ])("passes each piece of a stream as it comes: %s", async (_, ask) => {
    const { goOn } = answerInSteps();
    const response = await ask();
    let text = "";
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      // The rest is said only now: a proxy that waits for more would wait for ever.
      if (!text.includes("first") && (text + piece).includes("first")) goOn();
      text += piece;
    }
    expect(text).toContain(" second");
  });

  it("passes each piece of a subscription as it comes, over SSE and over WebSocket", async () => {
    await using socket = await openSocketCaller(nginx.url, user.rest.token);
    for (const caller of [user.trpc, socket]) {
      const { goOn } = answerInSteps();
      const conversationId = await createConversation(user.rest);
      const asked = { conversationId, requestId: `proxied-${conversationId}`, message: "Hi" };
      const texts: string[] = [];
      for await (const item of caller.subscribe("chat.stream", asked)) {
        if (item.kind !== "event" || item.event.type !== "text-delta") continue;
        if (texts.push(item.event.text) === 1) goOn();
      }
      expect(texts.join("")).toBe("first second");
    }
  });

  it("lets the server know of a reader that leaves", async () => {
    answerInSteps();
    const leave = new AbortController();
    const response = await askV1(leave.signal);
    await response.body?.getReader().read();
    const call = stage.upstream.calls.at(-1);
    leave.abort();
    expect((await call?.closed)?.by).toBe("client");
  });

  it("tells the server who calls", async () => {
    const { port } = new URL(nginx.url);
    await new Promise((resolve, reject) => {
      const call = request({ host: "127.0.0.1", port, path: "/api/users/me", localAddress: "127.0.0.3" });
      call.once("response", (response) => response.resume().once("end", resolve)).once("error", reject);
      call.end();
    });
    await until(
      () => stage.backend.logLines.some((line) => line.includes('"address":"127.0.0.3"')),
      "a line with the caller's own address",
    );
  });

  it("passes what the server says to a body that is too large", async () => {
    const body = { title: "x".repeat(24 * mebibyte) };
    const response = await user.rest.post("/api/conversations/create", body);
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ error: expect.stringMatching(/too large/) as string });
  });
});
