import { createHandDrivenReply, role, type BackendProcess, type FakeUpstream } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { createConversation, registerUser } from "../callers/rest-caller.ts";
import { followRun, newRequestId, readMessages, toText, type Told } from "../chat/read-run.ts";
import { openPinnedCallers } from "./pinned-caller.ts";
import {
  beginReply,
  endReply,
  openCallersAtBoth,
  send,
  startTwoWorkers,
  type TwoWorkers,
} from "./worker-stage.ts";

let workers: TwoWorkers;
let upstream: FakeUpstream;
let backend: BackendProcess;

beforeAll(async () => {
  workers = await startTwoWorkers();
  ({ upstream, backend } = workers);
}, 60_000);
afterAll(() => workers[Symbol.asyncDispose]());

/** A user with a conversation, and callers at both workers: two connections each. */
async function setStage() {
  const rest = await registerUser(backend.url);
  const conversationId = await createConversation(rest);
  return { ...(await openCallersAtBoth(backend, rest)), rest, conversationId };
}

/** Follows until some text has come; the rest is read by whoever goes on. */
async function readUntil(items: AsyncIterable<unknown>, words: string): Promise<Told[]> {
  const told: Told[] = [];
  for await (const item of items) {
    told.push(item as Told);
    if (toText(told).includes(words)) break;
  }
  return told;
}

describe("two workers on one port", () => {
  it("follow and resume an answer at either of them, character by character", async () => {
    using stage = await setStage();
    const hand = beginReply(upstream, "Hello ");
    const { runId } = await send(stage.here[0], stage.conversationId);
    const seen = await readUntil(stage.there[0].subscribe("chat.follow", { runId }), "Hello ");
    const following = [followRun(stage.there[1], runId, seen.at(-1)?.id), followRun(stage.here[1], runId)];
    endReply(hand, "world");
    const [rest = [], whole = []] = await Promise.all(following);
    expect(toText([...seen, ...rest])).toBe("Hello world");
    expect([...seen, ...rest].at(-1)).toEqual(whole.at(-1));
    expect(toText(await followRun(stage.here[0], runId))).toBe("Hello world");
  });

  it("stop an answer whichever of them is told", async () => {
    using stage = await setStage();
    beginReply(upstream, "Never ends ");
    const { runId } = await send(stage.here[0], stage.conversationId);
    await readUntil(stage.there[0].subscribe("chat.follow", { runId }), "ends");
    const startedAt = performance.now();
    expect(await stage.there[1].mutate("chat.stop", { runId })).toEqual({ runId, state: "stopped" });
    expect(performance.now() - startedAt).toBeLessThan(2000);
    expect((await followRun(stage.there[1], runId)).at(-1)?.event.type).toBe("run-stop");
  });

  it("start one answer for one request, however often and wherever it is sent", async () => {
    using stage = await setStage();
    const hand = beginReply(upstream, "Once");
    const callsBefore = upstream.calls.length;
    const requestId = newRequestId();
    const callers = [...stage.here, ...stage.there];
    const started = await Promise.all(
      callers.map((caller) => send(caller, stage.conversationId, { requestId })),
    );
    expect(new Set(started.map(({ runId }) => runId)).size).toBe(1);
    endReply(hand, ".");
    await followRun(stage.here[0], started[0]?.runId ?? "");
    expect(upstream.calls.length - callsBefore).toBe(1);
    expect(await readMessages(stage.there[0], stage.conversationId)).toHaveLength(2);
  });

  it("answer one thing at a time in a conversation, in the order of the sends", async () => {
    using stage = await setStage();
    const first = beginReply(upstream, "first");
    const second = createHandDrivenReply();
    upstream.enqueue(second.reply);
    const callsBefore = upstream.calls.length;
    const one = await send(stage.here[0], stage.conversationId);
    const two = await send(stage.there[0], stage.conversationId);
    await until(() => upstream.calls.length === callsBefore + 1, "the first is asked");
    endReply(first, "!");
    await followRun(stage.there[0], one.runId);
    second.push(role());
    endReply(second, "second");
    expect(toText(await followRun(stage.there[0], two.runId))).toBe("second");
    expect((await readMessages(stage.here[0], stage.conversationId)).map(({ content }) => content)).toEqual([
      "Hello",
      "first!",
      "Hello",
      "second",
    ]);
  });

  it("show what an answer has said so far, and from where to go on, at the other one", async () => {
    using stage = await setStage();
    const hand = beginReply(upstream, "So far ");
    const { runId } = await send(stage.here[0], stage.conversationId);
    let lastEventId: string | undefined;
    await until(async () => {
      const answer = (await readMessages(stage.there[0], stage.conversationId))[1];
      lastEventId = answer?.run?.lastEventId ?? undefined;
      return answer?.content === "So far ";
    }, "the journal is written");
    const rest = followRun(stage.there[0], runId, lastEventId);
    endReply(hand, "so good");
    expect(toText(await rest)).toBe("so good");
  });

  it("end the answers of a conversation that the other one deletes", async () => {
    using stage = await setStage();
    const closedBefore = upstream.calls.length;
    beginReply(upstream, "Gone soon ");
    const { runId } = await send(stage.here[0], stage.conversationId);
    const following = followRun(stage.here[1], runId);
    await until(() => upstream.calls.length > closedBefore, "the upstream is asked");
    await stage.there[0].mutate("conversation.remove", { conversationId: stage.conversationId });
    expect((await following).at(-1)?.event.type).toBe("run-stop");
  });

  it("close the streams of a session that ends at the other one", async () => {
    using stage = await setStage();
    beginReply(upstream, "Secret ");
    const { runId } = await send(stage.here[0], stage.conversationId);
    const items: unknown[] = [];
    const following = (async () => {
      for await (const item of stage.here[1].subscribe("chat.follow", { runId })) items.push(item);
    })();
    await until(() => items.length > 1, "the stream is open");
    const startedAt = performance.now();
    await stage.there[0].mutate("auth.logout");
    await following;
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(items.at(-1)).toMatchObject({ kind: "error", error: { data: { reason: "unauthenticated" } } });
  });

  it("refuse a key that was revoked at the other one", async () => {
    using stage = await setStage();
    const key = await stage.here[0].mutate<{ key: { keyId: string }; secret: string }>("key.create", {
      name: "k",
    });
    const ask = async () => {
      const answer = await stage.atThere(`${backend.url}/v1/models`, {
        headers: { authorization: `Bearer ${key.secret}` },
      });
      await answer.text();
      return answer.status;
    };
    expect(await ask()).toBe(200);
    await stage.here[0].mutate("key.revoke", { keyId: key.key.keyId });
    const startedAt = performance.now();
    await until(async () => [401, 403].includes(await ask()), "the key is refused");
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it("add up what they have measured, and say how many they are", async () => {
    using callers = await openPinnedCallers(backend, 1);
    for (const { fetch } of [...callers.first, ...callers.second]) {
      const text = await (await fetch(`${backend.url}/metrics`)).text();
      expect(text).toMatch(/^llm_backend_info\{version="[^"]+"\} 1$/m);
      const ready = (await (await fetch(`${backend.url}/readyz`)).json()) as { checks: { workers: string } };
      expect(ready.checks.workers).toBe("2 of 2 serve");
    }
  });
});
