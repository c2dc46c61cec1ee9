import {
  createFakeUpstream,
  createHandDrivenReply,
  finish,
  role,
  say,
  spawnBackend,
  startRedisServer,
  type BackendProcess,
  type FakeUpstream,
  type RedisServer,
} from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { createConversation, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller, type TrpcCaller } from "../callers/trpc-caller.ts";
import { followRun, newRequestId, toText, type Started } from "../chat/read-run.ts";
import { openPinnedCallers } from "../workers/pinned-caller.ts";
import { needsRedis } from "./redis-stage.ts";

let redis: RedisServer;
let upstream: FakeUpstream;
let backend: BackendProcess;

/** A user with a conversation, at a connection to each worker. */
async function setStage() {
  const rest = await registerUser(backend.url);
  const conversationId = await createConversation(rest);
  const callers = await openPinnedCallers(backend, 2);
  const toTrpc = (caller: (typeof callers)["first"][number] | undefined) =>
    createTrpcCaller(backend.url, rest.token, caller?.fetch);
  return {
    conversationId,
    addConversation: () => createConversation(rest),
    here: toTrpc(callers.first[0]),
    there: toTrpc(callers.second[0]),
    /** Another connection to the second worker: a stream keeps its own busy. */
    thereToo: toTrpc(callers.second[1]),
    [Symbol.dispose]: () => callers[Symbol.dispose](),
  };
}

const places = async (what = "streams") => (await redis.command("KEYS", `*places:${what}:*`)) as string[];

/** Starts an answer at one worker; the upstream has said one word. */
async function begin(stage: { readonly here: TrpcCaller; readonly conversationId: number }) {
  const hand = createHandDrivenReply();
  upstream.enqueue(hand.reply);
  hand.push(role(), say("Hello "));
  const asked = { conversationId: stage.conversationId, requestId: newRequestId(), message: "Hi" };
  const { runId } = await stage.here.mutate<Started>("chat.send", asked);
  return { hand, runId, asked };
}

describe("two workers that reach each other through Redis", needsRedis, () => {
  beforeAll(async () => {
    redis = await startRedisServer();
    upstream = await createFakeUpstream();
    backend = await spawnBackend({
      upstreams: [upstream.url],
      config: {
        workers: 2,
        drain_seconds: 5,
        redis: { url: redis.url, relay: true },
        limits: { streams_per_user_max: 2, runs_per_user_max: 2 },
      },
    });
  }, 60_000);
  afterAll(async () => {
    await backend[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
    await redis[Symbol.asyncDispose]();
  });

  it("follow an answer at either of them, and stop it", async () => {
    using stage = await setStage();
    const first = await begin(stage);
    const following = [stage.here, stage.there].map((trpc) => followRun(trpc, first.runId));
    await until(
      async () => ((await redis.command("KEYS", "*run:run_*")) as string[]).length > 0,
      "it goes through Redis",
    );
    first.hand.push(say("world"), finish());
    first.hand.end();
    const [here = [], there = []] = await Promise.all(following);
    expect([toText(here), toText(there)]).toEqual(["Hello world", "Hello world"]);
    expect(there.at(-1)?.event.type).toBe("run-done");

    const second = await begin(stage);
    await stage.there.mutate("chat.stop", { runId: second.runId });
    expect((await followRun(stage.there, second.runId)).at(-1)?.event.type).toBe("run-stop");
  });

  it("find an answer that is stored nowhere at the other one", async () => {
    using stage = await setStage();
    const hand = createHandDrivenReply();
    upstream.enqueue(hand.reply);
    hand.push(role(), say("Hush"));
    const messages = [{ role: "user", content: "Hi" }];
    const asked = { requestId: newRequestId(), model: "m", messages };
    const started = stage.here.subscribe("chat.temporary", asked);
    const first = await started.next();
    const runId = first.value?.kind === "event" ? (first.value.id.split(":")[0] ?? "") : "";
    await started.return();
    const following = followRun(stage.there, runId);
    hand.push(finish());
    hand.end();
    expect(toText(await following)).toBe("Hush");
    expect(toText(await followRun(stage.there, runId))).toBe("Hush");
    expect(await stage.there.mutate("chat.stop", { runId })).toEqual({ runId, state: "done" });
  });

  it("count the streams of a user together", async () => {
    using stage = await setStage();
    const { hand, runId } = await begin(stage);
    const following = [stage.here, stage.there].map((trpc) => followRun(trpc, runId));
    await until(
      async () => (await redis.command("ZCARD", (await places())[0] ?? "")) === 2,
      "both are counted",
    );
    await expect(followRun(stage.thereToo, runId)).rejects.toThrow(/At most 2 streams/);
    hand.push(finish());
    hand.end();
    await Promise.all(following);
    await until(async () => (await places()).length === 0, "none is open");
  });

  it("count the answers of a user together, and let the same request join its own", async () => {
    using stage = await setStage();
    const others = await Promise.all([stage.addConversation(), stage.addConversation()]);
    const [first, second] = [await begin(stage), await begin({ ...stage, conversationId: others[0] })];
    const asked = { conversationId: others[1], requestId: newRequestId(), message: "Hi" };
    await expect(stage.there.mutate("chat.send", asked)).rejects.toThrow(/At most 2 answers/);
    const joined = await stage.there.mutate<Started>("chat.send", first.asked);
    expect(joined.runId).toBe(first.runId);
    for (const { hand } of [first, second]) {
      hand.push(finish());
      hand.end();
    }
    await until(async () => (await places("runs")).length === 0, "both have ended");
  });

  it("bring an answer to its end at both of them when Redis is killed in the middle", async () => {
    using stage = await setStage();
    const { hand, runId } = await begin(stage);
    const following = [stage.here, stage.there].map((trpc) => followRun(trpc, runId));
    await until(
      async () => ((await redis.command("KEYS", "*run:run_*")) as string[]).length > 0,
      "it goes through Redis",
    );
    await redis.kill();
    hand.push(say("world"), finish());
    hand.end();
    const [here = [], there = []] = await Promise.all(following);
    expect([toText(here), toText(there)]).toEqual(["Hello world", "Hello world"]);
    expect(there.at(-1)?.event.type).toBe("run-done");
    await redis.restart();
  });
});
