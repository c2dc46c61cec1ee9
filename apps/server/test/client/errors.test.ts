import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient, LlmBackendError } from "@llm-backend/client";
import { createHandDrivenReply, findClosedPort, say } from "@llm-backend/testing";
import { TRPCClientError } from "@trpc/client";
import { describe, expect, it } from "vitest";
import { setClientStage, transports, type ClientStage, type StageUser } from "./client-stage.ts";

type Scene = { readonly stage: ClientStage; readonly user: StageUser; readonly other: StageUser };

/** What goes wrong, and as what the caller hears of it. */
const failures: readonly {
  readonly code: LlmBackendError["code"];
  readonly status: number;
  readonly retryable?: boolean;
  readonly when: string;
  readonly call: (scene: Scene) => Promise<unknown>;
}[] = [
  {
    code: "invalid_input",
    status: 400,
    when: "a field is wrong",
    call: ({ user }) => user.client.conversation.rename.mutate({ conversationId: -1, title: "" }),
  },
  {
    code: "unauthenticated",
    status: 401,
    when: "there is no token",
    call: ({ stage }) => createClient({ url: stage.backend.url }).model.list.query(),
  },
  {
    code: "unauthenticated",
    status: 401,
    when: "the token is not one",
    call: ({ stage }) => createClient({ url: stage.backend.url, token: "x" }).model.list.query(),
  },
  {
    code: "forbidden",
    status: 403,
    when: "the current password is wrong",
    call: ({ user }) =>
      user.client.auth.changePassword.mutate({ currentPassword: "wrong", newPassword: "long enough" }),
  },
  {
    code: "not_found",
    status: 404,
    when: "a conversation is somebody else's",
    call: ({ user, other }) =>
      other.client.conversation.history.query({ conversationId: user.conversationId }),
  },
  {
    code: "conflict",
    status: 409,
    when: "a name is taken",
    call: ({ user }) =>
      user.client.auth.register.mutate({ username: user.username, password: "correct horse" }),
  },
  {
    code: "rate_limited",
    status: 429,
    retryable: true,
    when: "a password is guessed too often",
    async call({ user }) {
      const guess = () => user.client.auth.login.mutate({ username: user.username, password: "guess" });
      await expect(guess()).rejects.toMatchObject({ code: "unauthenticated" });
      return guess();
    },
  },
  {
    code: "input_too_large",
    status: 413,
    when: "a body is larger than the server takes",
    call: ({ user }) =>
      user.client.conversation.create.mutate({ title: "T", model: "m", systemPrompt: "x".repeat(90_000) }),
  },
];

describe("a call fails", () => {
  it.each(failures)("with $code when $when", async ({ code, status, retryable = false, call }) => {
    await using stage = await setClientStage({
      backend: {
        config: {
          limits: { body_bytes_max: 65_536 },
          auth: { login_limits: { per_account_and_address: 1 } },
        },
      },
    });
    const scene = { stage, user: await stage.addUser(), other: await stage.addUser() };
    const error: unknown = await call(scene).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ name: "LlmBackendError", code, httpStatus: status, retryable });
    expect(error).toBeInstanceOf(LlmBackendError);
    expect(error).toBeInstanceOf(TRPCClientError);
    if (!LlmBackendError.is(error)) return;
    expect(error.message).not.toBe("");
    if (code === "invalid_input") {
      expect(new Set(error.issues.map(({ path }) => path))).toEqual(new Set(["conversationId", "title"]));
    } else expect(error.issues).toEqual([]);
    if (code === "rate_limited") expect(error.retryAfterMs).toBeGreaterThan(0);
    else expect(error.retryAfterMs).toBeUndefined();
  });

  it("with network when nobody listens", async () => {
    const client = createClient({ url: `http://127.0.0.1:${await findClosedPort()}`, token: "x" });
    await expect(client.model.list.query()).rejects.toMatchObject({
      code: "network",
      retryable: true,
      httpStatus: undefined,
    });
  });

  it.each([
    [502, "<h1>Bad gateway</h1>", { code: "network", retryable: true }],
    [503, '{"error":"Busy"}', { code: "network", retryable: true, message: "Busy", retryAfterMs: 7000 }],
    [429, "slow down", { code: "rate_limited", retryable: true, retryAfterMs: 7000 }],
    [413, "{}", { code: "input_too_large", retryable: false }],
    [404, "null", { code: "network", retryable: false }],
    [200, "<p>Please log in to the Wi-Fi</p>", { code: "network", retryable: false }],
  ])("as what it means when something else answers %i %s", async (status, body, expected) => {
    await using stranger = await startStranger(status, body);
    const client = createClient({ url: stranger.url, token: "x", retry: { attemptsMax: 0 } });
    const wanted = { ...expected, httpStatus: status };
    await expect(client.model.list.query()).rejects.toMatchObject(wanted);
    await expect(client.auth.me.query()).rejects.toMatchObject(wanted);
    await expect(client.chat.follow({ runId: "run_1" }).result).rejects.toMatchObject(wanted);
  });
});

describe.each(transports)("a stream over %s fails", (transport) => {
  it("with not_found for a foreign conversation, a foreign run, and one that was never there", async () => {
    await using stage = await setClientStage();
    const owner = await stage.addUser({ transport });
    const stranger = await stage.addUser({ transport });
    const reply = createHandDrivenReply();
    stage.upstream.enqueue(reply.reply);
    reply.push(say("private"));
    const own = owner.client.chat.stream({ conversationId: owner.conversationId, message: "Hi" });
    for await (const event of own) if (event.type === "text-delta") break;
    const runId = own.runId ?? "";
    const notFound = { code: "not_found", httpStatus: 404 };
    const { chat } = stranger.client;
    await expect(
      chat.stream({ conversationId: owner.conversationId, message: "Hi" }).result,
    ).rejects.toMatchObject(notFound);
    await expect(chat.follow({ runId }).result).rejects.toMatchObject(notFound);
    await expect(chat.follow({ runId }).stop()).rejects.toMatchObject(notFound);
    await expect(chat.follow({ runId: `run_${"0".repeat(26)}` }).result).rejects.toMatchObject(notFound);
    await expect(owner.client.chat.get.query({ runId })).resolves.toMatchObject({ state: "streaming" });
  });

  it("with conflict when a request id is used for something else", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    await client.chat.stream({ conversationId, message: "One", requestId: "r" }).result;
    await expect(
      client.chat.stream({ conversationId, message: "Other", requestId: "r" }).result,
    ).rejects.toMatchObject({ code: "conflict", httpStatus: 409 });
  });

  it("with invalid_input for what no server would take", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    const empty = client.chat.stream({ conversationId, message: "" });
    await expect(empty.result).rejects.toMatchObject({
      code: "invalid_input",
      issues: [{ path: "message" }],
    });
    await expect(empty.stop()).rejects.toMatchObject({ code: "invalid_input" });
    await expect(client.chat.follow({ runId: "x" }).result).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("with run_in_progress when too many answers wait, once it has tried as often as it was told", async () => {
    await using stage = await setClientStage({ backend: { config: { limits: { waiting_runs_max: 0 } } } });
    const { client, conversationId } = await stage.addUser({ transport });
    stage.upstream.enqueue(createHandDrivenReply().reply);
    const first = client.chat.stream({ conversationId, message: "One" });
    for await (const event of first) if (event.type === "run-start") break;
    const second = client.chat.stream(
      { conversationId, message: "Two" },
      { retry: { attemptsMax: 1, delayMsFirst: 1 } },
    );
    await expect(second.result).rejects.toMatchObject({ code: "run_in_progress", retryable: true });
  });

  it("can be read once only", async () => {
    await using stage = await setClientStage();
    const { client, conversationId } = await stage.addUser({ transport });
    const stream = client.chat.stream({ conversationId, message: "Hi" });
    await stream.result;
    for await (const _ of stream) continue;
    expect(() => stream[Symbol.asyncIterator]()).toThrow("can be read once");
  });
});

/** Something that is not the server: a proxy, a portal, another site. */
async function startStranger(status: number, body: string): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((request, response) => {
    request.resume();
    const type = body.startsWith("<") ? "text/html" : "application/json";
    response.writeHead(status, { "content-type": type, "retry-after": "7" }).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
