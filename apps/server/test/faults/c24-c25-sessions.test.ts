import { createFakeUpstream, finish, role, say, spawnBackend, stall, wait } from "@llm-backend/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { createConversation, password, registerUser } from "../callers/rest-caller.ts";
import { openSocketCaller } from "../callers/socket-caller.ts";
import { createTrpcCaller, type StreamItem } from "../callers/trpc-caller.ts";
import { newRequestId, type Started } from "../chat/read-run.ts";
import { openPinnedCallers } from "../workers/pinned-caller.ts";
import { setClientStage, type ClientStage } from "./client-stage.ts";

const endedMsMax = 1000;
const half = { steps: [role(), say("Half"), wait("rest"), say(" more"), finish()] };

type Pair = { readonly accessToken: string; readonly refreshToken: string };

/** Logs in as the typed client does, with a short token and one to refresh it. */
async function logInAgain(stage: ClientStage, username: string): Promise<Pair> {
  return createTrpcCaller(stage.backend.url).mutate<Pair>("auth.login", { username, password });
}

/** Collects a stream, to be looked at while it goes on. */
function collect<TItem>(source: AsyncIterable<TItem>): {
  readonly items: TItem[];
  readonly over: Promise<void>;
} {
  const items: TItem[] = [];
  const over = (async () => {
    for await (const item of source) items.push(item);
  })();
  return { items, over };
}

const hasText = (items: readonly StreamItem[]) =>
  items.some((item) => item.kind === "event" && item.event.type === "text-delta");

/** A user with an answer under way, and its streams on every face with a token of its own. */
async function openStreams(stage: ClientStage) {
  const user = await stage.addUser();
  const { username, userId } = await user.trpc.query<{ username: string; userId: number }>("auth.me");
  const { runId } = await stage.send(user);
  const { accessToken, refreshToken } = await logInAgain(stage, username);
  const followed = collect(
    createTrpcCaller(stage.backend.url, accessToken).subscribe("chat.follow", { runId }),
  );
  await until(() => hasText(followed.items), "the first piece");
  return { user, username, userId, runId, accessToken, refreshToken, followed };
}

describe("C24: a token expires under an open stream", () => {
  afterEach(() => void vi.useRealTimers());

  it("C24: the stream goes on as long as its session does, and the next token goes on behind it", async () => {
    const startedAt = Date.now();
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"], now: startedAt });
    await using stage = await setClientStage({ reply: half, canaries: 1 });
    const { followed, accessToken, refreshToken, runId } = await openStreams(stage);
    const { url } = stage.backend;
    vi.setSystemTime(startedAt + 16 * 60_000);
    vi.advanceTimersByTime(30_000);
    expect((await createTrpcCaller(url, accessToken).tryQuery("auth.me")).status).toBe(401);
    // The session lives, and so does its stream.
    const next = await createTrpcCaller(url).mutate<Pair>("auth.refresh", { refreshToken });
    stage.upstream.open("rest");
    await followed.over;
    expect(followed.items.at(-1)).toEqual({ kind: "return" });
    const [, piece] = followed.items;
    const lastEventId = piece?.kind === "event" ? piece.id : "";
    const again = collect(
      createTrpcCaller(url, next.accessToken).subscribe("chat.follow", { runId }, { lastEventId }),
    );
    await again.over;
    expect(again.items.map((item) => (item.kind === "event" ? item.event.type : item.kind))).toEqual([
      "text-delta",
      "run-done",
      "return",
    ]);
    await stage.judge();
  });

  it("C24: when the session is over, too, the stream ends at the next look, and says why", async () => {
    const startedAt = Date.now();
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"], now: startedAt });
    await using stage = await setClientStage({ reply: half, canaries: 1 });
    const { followed, refreshToken } = await openStreams(stage);
    vi.setSystemTime(startedAt + 31 * 24 * 3_600_000);
    vi.advanceTimersByTime(30_000);
    await followed.over;
    expect(followed.items.at(-1)).toMatchObject({
      kind: "error",
      error: { data: { reason: "unauthenticated" } },
    });
    const refused = await createTrpcCaller(stage.backend.url).tryMutate("auth.refresh", { refreshToken });
    expect(refused.status).toBe(401);
    stage.upstream.open("rest");
    await until(
      () => stage.attempts().some(({ outcome }) => outcome === "done"),
      "the answer is whole all the same",
    );
    await stage.judge();
  });
});

type Streams = Awaited<ReturnType<typeof openStreams>>;

const sessionOver = /^unauthenticated$/;

/** Ways in which somebody loses their session while a stream of it is open, and what its last event says then. */
const endings: readonly (readonly [
  name: string,
  end: (stage: ClientStage, streams: Streams) => Promise<unknown>,
  says: RegExp,
])[] = [
  [
    "logs out",
    ({ backend }, { accessToken }) => createTrpcCaller(backend.url, accessToken).mutate("auth.logout"),
    sessionOver,
  ],
  [
    "logs out everywhere, elsewhere",
    (_stage, { user }) => user.trpc.mutate("auth.logoutEverywhere"),
    sessionOver,
  ],
  [
    "sets another password elsewhere",
    (_stage, { user }) =>
      user.trpc.mutate("auth.changePassword", { currentPassword: password, newPassword: "another password" }),
    sessionOver,
  ],
  [
    "deletes the account",
    (_stage, { user }) => user.trpc.mutate("auth.deleteAccount", { password }),
    // With the account goes the answer: its stop may be told before the end of the session.
    /^(unauthenticated|run-stop|return|stopped)$/,
  ],
];

describe("C25: a session ends under an open stream", () => {
  it.each(endings)(
    "C25: whoever %s: it is closed at once on every face, and says why",
    async (_name, end, says) => {
      await using stage = await setClientStage({ reply: half });
      const streams = await openStreams(stage);
      const { followed, accessToken, runId, user } = streams;
      await using socket = await openSocketCaller(stage.backend.url, accessToken);
      const overSocket = collect(socket.subscribe("chat.follow", { runId }));
      const response = await fetch(`${stage.backend.url}/api/chat/${user.conversationId}`, {
        headers: { authorization: `Bearer ${accessToken}`, accept: "text/event-stream" },
      });
      const overRest = response.text();
      await until(() => overSocket.items.length > 1, "the socket has the first piece");
      await end(stage, streams);
      const endedAt = performance.now();
      await Promise.all([followed.over, overSocket.over]);
      expect(await overRest).toMatch(/event: error/);
      expect(performance.now() - endedAt).toBeLessThan(endedMsMax);
      for (const { items } of [followed, overSocket]) {
        const last = items.at(-1) as {
          kind: string;
          event?: { type: string };
          error?: { data: { reason: string } };
        };
        expect(last.error?.data.reason ?? last.event?.type ?? last.kind).toMatch(says);
      }
      expect((await createTrpcCaller(stage.backend.url, accessToken).tryQuery("auth.me")).status).toBe(401);
      stage.upstream.open("rest");
      await stage.judge();
    },
  );

  it("C25: an operator bars the account: it is closed within a second", async () => {
    await using stage = await setClientStage({ reply: half });
    const { followed, username, runId } = await openStreams(stage);
    // As the command line does it, in whatever process: nobody tells the server.
    await stage.services.users.disable(username);
    const endedAt = performance.now();
    await followed.over;
    expect(performance.now() - endedAt).toBeLessThan(endedMsMax);
    expect(followed.items.at(-1)).toMatchObject({
      kind: "error",
      error: { data: { reason: "unauthenticated" } },
    });
    expect(runId).toMatch(/^run_/);
    stage.upstream.open("rest");
    await stage.judge();
  });

  it("C25: an administrator is one no more: what only they may do ends with it", async () => {
    await using stage = await setClientStage();
    const { username } = await (await stage.addUser()).trpc.query<{ username: string }>("auth.me");
    await stage.services.users.setRole(username, "admin");
    const { accessToken } = await logInAgain(stage, username);
    const admin = createTrpcCaller(stage.backend.url, accessToken);
    expect((await admin.tryQuery("admin.record.list", {})).status).toBe(200);
    const tail = collect(admin.subscribe("admin.record.tail", { last: 0 }));
    const { username: another } = await (await stage.addUser()).trpc.query<{ username: string }>("auth.me");
    await stage.services.users.setRole(another, "admin");
    await stage.services.users.setRole(username, "user");
    const endedAt = performance.now();
    await tail.over;
    expect(performance.now() - endedAt).toBeLessThan(endedMsMax);
    expect(tail.items.at(-1)).toMatchObject({
      kind: "error",
      error: { data: { reason: "unauthenticated" } },
    });
    expect((await admin.tryQuery("admin.record.list", {})).status).toBe(401);
    const next = await logInAgain(stage, username);
    expect(
      (await createTrpcCaller(stage.backend.url, next.accessToken).tryQuery("admin.record.list", {})).status,
    ).toBe(403);
    await stage.judge();
  });

  it("C25: with two processes: wherever it ends", { timeout: 60_000 }, async () => {
    await using upstream = await createFakeUpstream({ reply: { steps: [role(), say("Half"), stall()] } });
    await using backend = await spawnBackend({
      upstreams: [upstream.url],
      config: { workers: 2, log: { level: "debug", format: "json" } },
    });
    const rest = await registerUser(backend.url);
    using callers = await openPinnedCallers(backend, 2);
    const asked = {
      conversationId: await createConversation(rest),
      requestId: newRequestId(),
      message: "Hi",
    };
    const at = (caller: { readonly fetch: typeof fetch } | undefined) =>
      createTrpcCaller(backend.url, rest.token, caller?.fetch);
    const { runId } = await at(callers.first[0]).mutate<Started>("chat.send", asked);
    const following = [callers.first[1], callers.second[1]].map((caller) =>
      collect(at(caller).subscribe("chat.follow", { runId })),
    );
    await until(() => following.every(({ items }) => hasText(items)), "both have the first piece");
    const endedAt = performance.now();
    await at(callers.second[0]).mutate("auth.logout");
    for (const { items, over } of following) {
      await over;
      expect(items.at(-1)).toMatchObject({ kind: "error", error: { data: { reason: "unauthenticated" } } });
    }
    expect(performance.now() - endedAt).toBeLessThan(endedMsMax);
  });
});
