import { setTimeout as pause } from "node:timers/promises";
import { DomainError, type StartedRun } from "@llm-backend/contract";
import { OwnerLost, type RelayedStart, type RunRelay } from "@llm-backend/server";
import { startRedisServer, type RedisServer } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRedisRelay } from "../../src/redis/relay/redis-relay.ts";
import { until } from "../callers/chat-stage.ts";
import { testRelay } from "../workers/relay-suite.ts";
import { needsRedis, openLink } from "./redis-stage.ts";
import { createTextLog, followText, openRelay } from "./relay-stage.ts";

let redis: RedisServer;
const request = { kind: "send", input: { message: "Hi" } } as unknown as RelayedStart;

describe("the relay over Redis", needsRedis, () => {
  beforeAll(async () => {
    redis = await startRedisServer();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  describe("keeps what every relay promises", () => {
    let pairs = 0;
    testRelay(async () => {
      const keyPrefix = `pair-${++pairs}:`;
      const stages = [openLink(redis.port, { keyPrefix }), openLink(redis.port, { keyPrefix })] as const;
      await until(() => stages.every(({ link }) => link.state.isOk), "both are connected");
      const [here, there] = stages.map(({ link }, index) =>
        createRedisRelay({ link, owner: `w${index + 1}`, secret: "a secret of theirs" }),
      ) as [RunRelay, RunRelay];
      return {
        here,
        there,
        owner: "w2",
        async [Symbol.asyncDispose]() {
          await here.close();
          await there.close();
          for (const stage of stages) stage[Symbol.dispose]();
        },
      };
    });
  });

  it("hands on a run that another process drives, from any position, to its end", async () => {
    await using owner = await openRelay(redis.port, { keyPrefix: "text:" });
    await using other = await openRelay(redis.port, { keyPrefix: "text:" });
    const log = createTextLog();
    owner.logs.set("run", log);
    log.append({ type: "text-delta", text: "said before anybody followed; " });
    const following = [0, 5].map(async (position) => {
      let text = "";
      for await (const { item } of other.relay.follow(owner.name, "run", { position })) {
        text += "text" in item ? item.text : "";
      }
      return text;
    });
    for (let index = 0; index < 20; index++) {
      log.append({ type: "text-delta", text: `${index} ` });
      await pause(2);
    }
    log.close();
    const whole = `said before anybody followed; ${Array.from({ length: 20 }, (_, index) => `${index} `).join("")}`;
    expect(await Promise.all(following)).toEqual([whole, whole]);
    await until(
      async () => ((await redis.command("KEYS", "text:run:*")) as string[]).length === 0,
      "nothing of it is left in Redis",
    );
  });

  it("writes nothing while nobody elsewhere follows, and stops when the last one leaves", async () => {
    await using owner = await openRelay(redis.port, { keyPrefix: "quiet:" });
    await using other = await openRelay(redis.port, { keyPrefix: "quiet:" });
    const log = createTextLog();
    owner.logs.set("run", log);
    log.append({ type: "text-delta", text: "one" });
    const keys = async () => (await redis.command("KEYS", "quiet:run:*")) as string[];
    expect(await keys()).toEqual([]);
    const leaving = new AbortController();
    for await (const entry of other.relay.follow(owner.name, "run", {
      position: 0,
      signal: leaving.signal,
    })) {
      expect(entry.position).toBe(3);
      expect(await keys()).toHaveLength(1);
      expect(await redis.command("PTTL", "quiet:run:run")).toBeGreaterThan(0);
      break;
    }
    await redis.flush();
    await until(async () => {
      log.append({ type: "text-delta", text: "." });
      await pause(10);
      const isQuiet = (await keys()).length === 0;
      await redis.flush();
      return isQuiet;
    }, "nothing is written any more");
  });

  it("stops a run, starts an answer, and hands back what was thrown, over there", async () => {
    const started = { runId: "run_1" } as unknown as StartedRun;
    let answer = (): Promise<StartedRun> => Promise.resolve(started);
    await using owner = await openRelay(redis.port, { keyPrefix: "calls:", start: () => answer() });
    await using other = await openRelay(redis.port, { keyPrefix: "calls:" });
    await other.relay.stop(owner.name, "run_1");
    expect(owner.stopped).toEqual(["run_1"]);
    expect(await other.relay.start(owner.name, request)).toEqual(started);
    answer = () =>
      Promise.reject(new DomainError("rate_limited", "Too many.", { details: { retryAfterMs: 7 } }));
    const error = await other.relay.start(owner.name, request).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "rate_limited", message: "Too many.", details: { retryAfterMs: 7 } });
    answer = () => Promise.reject(new Error("something of a path /secret"));
    const internal = await other.relay.start(owner.name, request).catch((thrown: unknown) => thrown);
    expect(internal).toMatchObject({ code: "internal" });
    expect(String(internal)).not.toContain("/secret");
  });

  it("says that an owner is gone, soon", async () => {
    await using other = await openRelay(redis.port, { keyPrefix: "gone:" });
    const startedAt = performance.now();
    await expect(other.relay.stop("nobody", "run")).rejects.toBeInstanceOf(OwnerLost);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it("ends where the owner does not have the run any more", async () => {
    await using owner = await openRelay(redis.port, { keyPrefix: "ended:" });
    await using other = await openRelay(redis.port, { keyPrefix: "ended:" });
    const entries = [];
    for await (const entry of other.relay.follow(owner.name, "run", { position: 0 })) entries.push(entry);
    expect(entries).toEqual([]);
  });

  it("tells all other processes, but not the one that speaks", async () => {
    await using first = await openRelay(redis.port, { keyPrefix: "all:" });
    await using second = await openRelay(redis.port, { keyPrefix: "all:" });
    await using stranger = await openRelay(redis.port, { keyPrefix: "all:", secret: "another secret" });
    const signal = { type: "sessions-revoked", sessionIds: ["ses_1"] } as const;
    await until(() => {
      first.relay.broadcast(signal);
      return second.signals.length > 0;
    }, "it is heard");
    expect(second.signals[0]).toEqual(signal);
    expect(first.signals).toEqual([]);
    // Whoever does not have the secret hears nothing, and is not heard.
    expect(stranger.signals).toEqual([]);
    const before = second.signals.length;
    stranger.relay.broadcast({ type: "keys-changed" });
    stranger.relay.stop(first.name, "run").catch(() => {});
    await first.relay.stop(second.name, "run");
    expect(second.stopped).toEqual(["run"]);
    expect(first.stopped).toEqual([]);
    expect(second.signals.slice(before).filter(({ type }) => type === "keys-changed")).toEqual([]);
  });

  it("loses nothing when its stream is flushed or Redis is started anew", async () => {
    await using own = await startRedisServer();
    await using owner = await openRelay(own.port, { keyPrefix: "flushed:" });
    await using other = await openRelay(own.port, { keyPrefix: "flushed:" });
    const log = createTextLog();
    owner.logs.set("run", log);
    const pieces = Array.from({ length: 300 }, (_, index) => `${index} `);
    const whole = pieces.join("");
    const following = followText(other.relay, { owner: owner.name, runId: "run", length: whole.length });
    for (const [index, piece] of pieces.entries()) {
      log.append({ type: "text-delta", text: piece });
      if (index % 40 === 20) await own.flush();
      if (index === 150) await own.restart();
      await pause(2);
    }
    log.close();
    expect((await following).text).toBe(whole);
  }, 20_000);
});
