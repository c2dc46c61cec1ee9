import {
  createFakeUpstream,
  finish,
  role,
  say,
  spawnBackend,
  wait,
  type BackendProcess,
  type Reply,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import {
  createConversation,
  createRestCaller,
  readHistory,
  registerUser,
  type RestCaller,
} from "../callers/rest-caller.ts";
import { createTrpcCaller, type StreamItem, type TrpcCaller } from "../callers/trpc-caller.ts";
import {
  followRun,
  newRequestId,
  readMessages,
  toPosition,
  toText,
  type Started,
  type Told,
} from "../chat/read-run.ts";
import { isFullSize } from "../faults/full-size.ts";
import { createRandom } from "./seeded-random.ts";

const kills = isFullSize ? 20 : 5;

/** A piece that the upstream said, and when. */
type Said = { readonly text: string; readonly at: number };

/** An answer that goes on for long: a numbered word every few milliseconds. */
function createSlowReply(msPerPiece: number): { reply: Reply; said: readonly Said[] } {
  const said: Said[] = [];
  async function* steps() {
    yield role();
    for (let index = 0; index < 2000; index++) {
      const text = `${index} `;
      yield say(text);
      said.push({ text, at: performance.now() });
      yield wait(msPerPiece);
    }
    yield finish();
  }
  return { reply: { steps: steps() }, said };
}

/** Follows until the server is gone; whatever had arrived stays. */
async function followUntilGone(trpc: TrpcCaller, runId: string): Promise<Told[]> {
  const events: Told[] = [];
  try {
    for await (const item of trpc.subscribe("chat.follow", { runId }))
      if (item.kind === "event") events.push(item);
  } catch {
    // The server was killed: that is what this is about.
  }
  return events;
}

/** What a client shows that goes on behind what it has seen. */
async function goOn(
  trpc: TrpcCaller,
  runId: string,
  seen: readonly Told[],
): Promise<{ text: string; rest: Told[] }> {
  const rest = await followRun(trpc, runId, seen.at(-1)?.id);
  return { text: toText([...seen, ...rest]), rest };
}

/** The same user on another process, on either face. */
const on = (backend: BackendProcess, user: RestCaller) => createRestCaller(backend.url, user.token);
const as = (backend: BackendProcess, user: RestCaller) => createTrpcCaller(backend.url, user.token);

/** One answer in the middle of which the server was killed, and the server that was started after it. */
type Killed = {
  readonly backend: BackendProcess;
  readonly runId: string;
  readonly killedAt: number;
  /** What the upstream had said, piece by piece. */
  readonly said: readonly Said[];
  /** What a follower had seen. */
  readonly seen: readonly Told[];
};

type Scene = {
  readonly backend: BackendProcess;
  readonly user: RestCaller;
  readonly conversationId: number;
  readonly message: string;
  readonly killAfterMs: number;
  /** What the upstream has said in answer to the newest call. */
  readonly readSaid: () => readonly Said[];
};

async function killAndRestart(scene: Scene): Promise<Killed> {
  const { backend, user, conversationId, message, killAfterMs } = scene;
  const trpc = as(backend, user);
  const { runId } = await trpc.mutate<Started>("chat.send", { conversationId, requestId: message, message });
  const following = followUntilGone(trpc, runId);
  const killAt = performance.now() + killAfterMs;
  await until(() => performance.now() >= killAt, "the moment of the kill");
  const killedAt = performance.now();
  await backend.kill("SIGKILL");
  const seen = await following;
  return { backend: await backend.restart(), runId, killedAt, said: scene.readSaid(), seen };
}

/** For how long what was said last before the kill was not stored, in milliseconds. */
function measureLoss({ said, killedAt }: Killed, stored: string): number {
  expect(toWhole(said).startsWith(stored)).toBe(true);
  let length = 0;
  const lost = said.find(({ text }) => (length += text.length) > stored.length);
  return lost === undefined ? 0 : Math.max(0, killedAt - lost.at);
}

const toWhole = (said: readonly Said[]) => said.map(({ text }) => text).join("");

/** Whoever was cut off, wherever that was, ends with exactly what is stored. */
async function expectToGoOn(
  trpc: TrpcCaller,
  { runId, seen }: Killed,
  given: { stored: string; cutAt: number },
) {
  for (const events of [seen, seen.slice(0, given.cutAt), []]) {
    const { text, rest } = await goOn(trpc, runId, events);
    expect(text).toBe(given.stored);
    expect(rest.at(-1)?.event.type).toBe("run-interrupt");
    const last = events.at(-1);
    const isBeyond = last !== undefined && toPosition(last.id) > 1 + given.stored.length;
    expect(rest.some(({ event }) => event.type === "answer-reset")).toBe(isBeyond);
  }
}

describe("a server that is killed in the middle of its answers", () => {
  it(
    `keeps every message that it acknowledged and what was said until 250 ms before: ${kills} kills`,
    { timeout: 120_000 },
    async () => {
      const random = createRandom(20_261_122);
      let said: readonly Said[] = [];
      await using upstream = await createFakeUpstream({
        reply() {
          const slow = createSlowReply(2 + Math.floor(random() * 15));
          ({ said } = slow);
          return slow.reply;
        },
      });
      let backend = await spawnBackend({ upstreams: [upstream.url] });
      await using cleanup = new AsyncDisposableStack();
      cleanup.defer(() => backend[Symbol.asyncDispose]());
      const user = await registerUser(backend.url);
      const conversationId = await createConversation(user);
      const shown: string[] = [];
      const losses: number[] = [];
      for (let kill = 0; kill < kills; kill++) {
        const message = `message-${kill}`;
        said = [];
        const readSaid = () => said;
        const scene = { backend, user, conversationId, message, killAfterMs: random() * 500, readSaid };
        const killed = await killAndRestart(scene);
        ({ backend } = killed);

        // The messages are there, each once, the answer interrupted with a prefix of what was said.
        const trpc = as(backend, user);
        const messages = await readMessages(trpc, conversationId);
        expect(messages.map(({ role: who }) => who).join()).toBe(
          Array.from({ length: kill + 1 }, () => "user,assistant").join(),
        );
        expect(messages.at(-2)?.content).toBe(message);
        expect(messages.at(-1)?.run).toMatchObject({ state: "interrupted", lastEventId: null });
        const stored = messages.at(-1)?.content ?? "";
        losses.push(measureLoss(killed, stored));
        shown.push(message, ...(stored === "" ? [] : [stored]));
        await expectToGoOn(trpc, killed, { stored, cutAt: Math.ceil(random() * killed.seen.length) });

        // The same request again joins what it had started, and nobody is asked again.
        const calls = upstream.calls.length;
        const again = { conversationId, requestId: message, message };
        expect(await trpc.mutate("chat.send", again)).toMatchObject({
          runId: killed.runId,
          state: "interrupted",
        });
        expect(upstream.calls.length).toBe(calls);
      }
      // 250 ms is when the journal is written; a loaded machine writes it a little later.
      expect(losses.toSorted((one, other) => one - other).at(Math.floor(kills * 0.85) - 1)).toBeLessThan(400);
      expect(Math.max(...losses)).toBeLessThan(1500);
      const history = await readHistory(on(backend, user), conversationId);
      expect(history.map(({ content }) => content)).toEqual(shown);
    },
  );

  it(
    "brings clients that were cut at any position to exactly the stored text, on every face",
    { timeout: 60_000 },
    async () => {
      await using upstream = await createFakeUpstream();
      const first = await spawnBackend({ upstreams: [upstream.url] });
      const user = await registerUser(first.url);
      const conversationId = await createConversation(user);
      const { reply } = createSlowReply(4);
      upstream.enqueue(reply);
      const trpc = as(first, user);
      const { runId } = await trpc.mutate<Started>("chat.send", {
        conversationId,
        requestId: newRequestId(),
        message: "hi",
      });
      const following = followUntilGone(trpc, runId);
      await until(
        () => upstream.calls.length > 0 && (upstream.calls[0]?.bytesWritten ?? 0) > 20_000,
        "some text",
      );
      await first.kill("SIGKILL");
      const seen = await following;
      await using second = await first.restart();
      const now = as(second, user);
      const stored = (await readMessages(now, conversationId)).at(-1)?.content ?? "";
      expect(stored.length).toBeGreaterThan(0);
      const shown = toText(seen);
      expect(shown.startsWith(stored)).toBe(true);
      const lengths = Array.from({ length: Math.floor(shown.length / 7) + 1 }, (_, index) => index * 7);
      await Promise.all(
        lengths.map(async (length) => {
          const events = await followRun(now, runId, `${runId}:${1 + length}`);
          const start = events[0]?.event.type === "answer-reset" ? "" : shown.slice(0, length);
          expect(start + toText(events)).toBe(stored);
        }),
      );
      // Bare frames cannot be taken back: a REST caller that saw too much is told so.
      const caller = on(second, user);
      const beyond = await caller.get(`/api/chat/${conversationId}`, {
        "last-event-id": `${runId}:${2 + stored.length}`,
      });
      expect(await beyond.text()).toContain('{"event":"error"');
      const within = await caller.get(`/api/chat/${conversationId}`, {
        "last-event-id": `${runId}:${1 + stored.length}`,
      });
      expect(await within.text()).toContain('{"event":"error","data":"The answer was interrupted');
    },
  );

  it(
    "between the acknowledgement and the first word leaves an empty answer, and the conversation goes on",
    { timeout: 60_000 },
    async () => {
      await using upstream = await createFakeUpstream();
      const first = await spawnBackend({ upstreams: [upstream.url] });
      const user = await registerUser(first.url);
      const conversationId = await createConversation(user);
      upstream.enqueue({ steps: [wait("never")] });
      const { runId } = await as(first, user).mutate<Started>("chat.send", {
        conversationId,
        requestId: newRequestId(),
        message: "hi",
      });
      await until(() => upstream.calls.length > 0, "the upstream is asked");
      await first.kill("SIGKILL");
      await using second = await first.restart();
      const now = as(second, user);
      expect(second.logLines.some((line) => line.includes('"runsInterrupted":1'))).toBe(true);
      const items: StreamItem[] = [];
      for await (const item of now.subscribe("chat.follow", { runId })) items.push(item);
      expect(items.map((item) => (item.kind === "event" ? item.event.type : item.kind))).toEqual([
        "run-start",
        "run-interrupt",
        "return",
      ]);
      expect(await readHistory(on(second, user), conversationId)).toEqual([
        { role: "user", content: "hi", message_id: 1 },
      ]);
      const response = await on(second, user).post(`/api/chat/${conversationId}`, { message: "again" });
      expect(await response.text()).toContain('"full_response","data":"Hello world"');
      expect((await readHistory(on(second, user), conversationId)).map(({ content }) => content)).toEqual([
        "hi",
        "again",
        "Hello world",
      ]);
    },
  );

  it("with many answers at once keeps all of them", { timeout: 60_000 }, async () => {
    await using upstream = await createFakeUpstream({ reply: () => createSlowReply(5).reply });
    const first = await spawnBackend({
      upstreams: [upstream.url],
      config: { limits: { runs_per_user_max: 50 } },
    });
    const user = await registerUser(first.url);
    const trpc = as(first, user);
    const runs = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const conversationId = await createConversation(user);
        const { runId } = await trpc.mutate<Started>("chat.send", {
          conversationId,
          requestId: newRequestId(),
          message: `m${index}`,
        });
        return { conversationId, runId };
      }),
    );
    await until(
      () => upstream.calls.length === 30 && upstream.calls.every(({ bytesWritten }) => bytesWritten > 15_000),
      "some text of each",
    );
    await first.kill("SIGKILL");
    await using second = await first.restart();
    const now = as(second, user);
    for (const [index, { conversationId, runId }] of runs.entries()) {
      const [question, answer] = await readMessages(now, conversationId);
      expect(question?.content).toBe(`m${index}`);
      expect(answer?.content).toMatch(/^0 1 2 3 4 5 /);
      expect(toText(await followRun(now, runId))).toBe(answer?.content);
    }
  });
});
