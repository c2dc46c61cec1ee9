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
import { createRandom } from "./seeded-random.ts";

/** An answer that goes on for long: a numbered word every few milliseconds. */
function createSlowReply(msPerPiece: number): { reply: Reply; said: { text: string; at: number }[] } {
  const said: { text: string; at: number }[] = [];
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

describe("a server that is killed in the middle of its answers", () => {
  it(
    "keeps every message that it acknowledged and what was said until 250 ms before: 20 kills",
    { timeout: 120_000 },
    async () => {
      const random = createRandom(20_261_122);
      await using upstream = await createFakeUpstream();
      const first = await spawnBackend({ upstreams: [upstream.url] });
      let backend = first;
      try {
        const user = await registerUser(backend.url);
        const conversationId = await createConversation(user);
        const acknowledged: { message: string; runId: string; stored: string }[] = [];
        const losses: number[] = [];
        for (let kill = 0; kill < 20; kill++) {
          const { reply, said } = createSlowReply(2 + Math.floor(random() * 15));
          upstream.enqueue(reply);
          const message = `message ${kill}`;
          const trpc = as(backend, user);
          const { runId } = await trpc.mutate<Started>("chat.send", {
            conversationId,
            requestId: `kill-${kill}`,
            message,
          });
          const following = followUntilGone(trpc, runId);
          const killAt = performance.now() + random() * 500;
          await until(() => performance.now() >= killAt, "the moment of the kill");
          const killedAt = performance.now();
          await backend.kill("SIGKILL");
          const seen = await following;
          backend = await backend.restart();

          // The messages are there, each once, the answer interrupted with a prefix of what was said.
          const now = as(backend, user);
          const messages = await readMessages(now, conversationId);
          expect(messages.map(({ role: who }) => who)).toEqual(
            Array.from({ length: kill + 1 }, () => ["user", "assistant"]).flat(),
          );
          const answer = messages.at(-1);
          expect(messages.at(-2)?.content).toBe(message);
          expect(answer?.run).toMatchObject({ state: "interrupted", lastEventId: null });
          const stored = answer?.content ?? "";
          const whole = said.map(({ text }) => text).join("");
          expect(whole.startsWith(stored)).toBe(true);
          const lost = said.find(
            (_, index) =>
              said.slice(0, index + 1).reduce((sum, { text }) => sum + text.length, 0) > stored.length,
          );
          losses.push(lost === undefined ? 0 : Math.max(0, killedAt - lost.at));
          acknowledged.push({ message, runId, stored });

          // Whoever was cut off, wherever that was, ends with exactly what is stored.
          const cut = seen.slice(0, Math.ceil(random() * seen.length));
          for (const events of [seen, cut, []]) {
            const { text, rest } = await goOn(now, runId, events);
            expect(text).toBe(stored);
            expect(rest.at(-1)?.event.type).toBe("run-interrupt");
            const last = events.at(-1);
            const isBeyond = last !== undefined && toPosition(last.id) > 1 + stored.length;
            expect(rest.some(({ event }) => event.type === "answer-reset")).toBe(isBeyond);
          }
          // The same request again joins what it had started, and nobody is asked again.
          const calls = upstream.calls.length;
          const joined = await now.mutate<Started>("chat.send", {
            conversationId,
            requestId: `kill-${kill}`,
            message,
          });
          expect(joined).toMatchObject({ runId, state: "interrupted" });
          expect(upstream.calls.length).toBe(calls);
        }
        // 250 ms is when the journal is written; a loaded machine writes it a little later.
        expect(losses.toSorted((one, other) => one - other)[Math.floor(losses.length * 0.8)]).toBeLessThan(
          400,
        );
        expect(Math.max(...losses)).toBeLessThan(1500);
        const history = await readHistory(on(backend, user), conversationId);
        const shown = acknowledged.flatMap(({ message, stored }) =>
          stored === "" ? [message] : [message, stored],
        );
        expect(history.map(({ content }) => content)).toEqual(shown);
      } finally {
        await backend[Symbol.asyncDispose]();
      }
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
      for (let length = 0; length <= shown.length; length += 7) {
        const events = await followRun(now, runId, `${runId}:${1 + length}`);
        const start = events[0]?.event.type === "answer-reset" ? "" : shown.slice(0, length);
        expect(start + toText(events)).toBe(stored);
      }
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
