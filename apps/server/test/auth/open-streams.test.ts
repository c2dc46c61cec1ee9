import { finish, role, say, wait } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { setChatStage, until, type ChatStage } from "../callers/chat-stage.ts";
import { readBareFrames } from "../callers/frames.ts";
import { createConversation, createRestCaller, password } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { createTrpcCaller, type StreamItem } from "../callers/trpc-caller.ts";

let stage: ChatStage;

beforeAll(async () => {
  stage = await setChatStage({
    upstream: { reply: { steps: [role(), say("Half"), wait("rest"), say(" more"), finish()] } },
  });
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Ways to end a session, each from another place than the stream. */
const endings: readonly [
  name: string,
  end: (given: { username: string; token: string }) => Promise<unknown>,
][] = [
  ["logs out", ({ token }) => createRestCaller(stage.backend.url, token).post("/api/users/logout")],
  [
    "logs out over the typed face",
    ({ token }) => createTrpcCaller(stage.backend.url, token).mutate("auth.logout"),
  ],
  [
    "logs out everywhere, from another session",
    async ({ username }) => {
      const pair = await createTrpcCaller(stage.backend.url).mutate<{ accessToken: string }>("auth.login", {
        username,
        password,
      });
      await createTrpcCaller(stage.backend.url, pair.accessToken).mutate("auth.logoutEverywhere");
    },
  ],
  [
    "sets a new password in another session",
    async ({ username }) => {
      const pair = await createTrpcCaller(stage.backend.url).mutate<{ accessToken: string }>("auth.login", {
        username,
        password,
      });
      await createTrpcCaller(stage.backend.url, pair.accessToken).mutate("auth.changePassword", {
        currentPassword: password,
        newPassword: "another password",
      });
    },
  ],
];

/** An answer under way, and whoever follows it. */
async function startAnswer() {
  const user = await stage.addConversation();
  const { username } = await user.trpc.query<{ username: string }>("auth.me");
  const { runId } = await user.trpc.mutate<{ runId: string }>("chat.send", {
    conversationId: user.conversationId,
    requestId: `open-${user.conversationId}`,
    message: "hi",
  });
  return { ...user, username, runId, token: user.rest.token ?? "" };
}

async function collect<TItem>(source: AsyncIterable<TItem>, into: TItem[]): Promise<void> {
  for await (const item of source) into.push(item);
}

describe.each(endings)("whoever %s", (_name, end) => {
  it("ends the streams of the typed face at once, and says why", async () => {
    const { trpc, runId, username, token } = await startAnswer();
    const items: StreamItem[] = [];
    const over = collect(trpc.subscribe("chat.follow", { runId }), items);
    await until(
      () => items.some((item) => item.kind === "event" && item.event.type === "text-delta"),
      "the first piece",
    );
    const startedAt = performance.now();
    await end({ username, token });
    await over;
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(items.at(-1)).toMatchObject({ kind: "error", error: { data: { reason: "unauthenticated" } } });
  });

  it("ends the streams of the REST face at once, with one error frame", async () => {
    const { rest, conversationId, username, token } = await startAnswer();
    const response = await rest.get(`/api/chat/${conversationId}`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? "";
    await end({ username, token });
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      text += part.value;
    const frames = readBareFrames(text);
    expect(frames.map(({ event }) => event)).toEqual(["message", "error"]);
    expect(frames[1]?.data).toBe("The session has ended; log in again.");
  });

  it("ends the streams of the WebSocket face at once, and what comes behind is refused", async () => {
    const { runId, username, token } = await startAnswer();
    await using socket = await openSocketCaller(stage.backend.url, token);
    const kinds: string[] = [];
    for await (const item of socket.subscribe("chat.follow", { runId })) {
      kinds.push(item.kind === "event" ? item.event.type : item.kind);
      if (kinds.at(-1) === "text-delta") await end({ username, token });
      if (item.kind === "error") expect(item.error.data.reason).toBe("unauthenticated");
    }
    expect(kinds).toEqual(["run-start", "text-delta", "error"]);
    expect((await socket.call("query", "auth.me")).error?.json.data.reason).toBe("unauthenticated");
  });
});

describe("a session that ends", () => {
  it("does not end the answer, and whoever logs in again goes on where it was", async () => {
    const { rest, trpc, conversationId, runId, username } = await startAnswer();
    const items: StreamItem[] = [];
    const over = collect(trpc.subscribe("chat.follow", { runId }), items);
    await until(() => items.length >= 2, "the first piece");
    await rest.post("/api/users/logout");
    await over;
    const login = await createRestCaller(stage.backend.url).post("/api/users/login", { username, password });
    const { token } = (await login.json()) as { token: string };
    const again = createTrpcCaller(stage.backend.url, token);
    const [, last] = items as { id: string }[];
    stage.upstream.open("rest");
    const rest2: StreamItem[] = [];
    await collect(again.subscribe("chat.follow", { runId }, { lastEventId: last?.id ?? "" }), rest2);
    expect(rest2.map((item) => (item.kind === "event" ? item.event.type : item.kind))).toEqual([
      "text-delta",
      "run-done",
      "return",
    ]);
    const history = (await createRestCaller(stage.backend.url, token)
      .get(`/api/conversations/history/${conversationId}`)
      .then((answer) => answer.json())) as {
      messages: { content: string }[];
    };
    expect(history.messages.at(-1)?.content).toBe("Half more");
  });

  it("leaves the streams of the user's other sessions alone", async () => {
    const upstream = `other-${Math.random()}`;
    stage.upstream.enqueue({ steps: [role(), say("Half"), wait(upstream), say(" more"), finish()] });
    const { trpc, username, runId, rest } = await startAnswer();
    const pair = await createTrpcCaller(stage.backend.url).mutate<{ accessToken: string }>("auth.login", {
      username,
      password,
    });
    const items: StreamItem[] = [];
    const over = collect(
      createTrpcCaller(stage.backend.url, pair.accessToken).subscribe("chat.follow", { runId }),
      items,
    );
    await until(() => items.length >= 2, "the first piece");
    await rest.post("/api/users/logout");
    expect((await trpc.tryQuery("auth.me")).status).toBe(401);
    stage.upstream.open(upstream);
    await over;
    expect(items.at(-1)).toEqual({ kind: "return" });
    expect(await createConversation(createRestCaller(stage.backend.url, pair.accessToken))).toBeGreaterThan(
      0,
    );
  });
});
