import { setTimeout as pause } from "node:timers/promises";
import {
  finish,
  role,
  say,
  spawnBackend,
  startLossyRedisProxy,
  startRedisServer,
  startRedisStub,
  wait,
} from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { until } from "../callers/chat-stage.ts";
import { logIn, newUsername, registerUser } from "../callers/rest-caller.ts";
import { createTrpcCaller } from "../callers/trpc-caller.ts";
import { createRandom } from "../crash/seeded-random.ts";
import { needsRedis } from "../redis/redis-stage.ts";
import { createTextLog, followText, openRelay } from "../redis/relay-stage.ts";
import { openPinnedCallers } from "../workers/pinned-caller.ts";
import { isFullSize } from "./full-size.ts";
import type { HeardAnswer } from "./heard-answer.ts";
import { goodText } from "./judge-fault.ts";
import { judgeEnding } from "./oracle.ts";
import { setRedisFaultStage, waitMsMax, type RedisFaultStage } from "./redis-fault-stage.ts";

function expectWhole(answers: readonly HeardAnswer[]): void {
  for (const heard of answers) {
    expect(judgeEnding(heard, []), heard.body).toBe("whole");
    expect(heard.text).toBe(goodText);
  }
}

/** What holds after any fault of Redis. */
async function judgeAftermath(stage: RedisFaultStage): Promise<void> {
  expect(stage.health.failures).toEqual([]);
  expect(stage.backend.logLines.filter((line) => line.includes("Internal error"))).toEqual([]);
  expect(stage.backend.logLines.filter((line) => /unhandled/i.test(line))).toEqual([]);
}

/** Asks so often, one after the other, and answers with the longest wait. */
async function askInTurn(stage: RedisFaultStage, count: number): Promise<number> {
  let slowestMs = 0;
  for (let index = 0; index < count; index++) {
    const heard = await stage.ask();
    expectWhole([heard]);
    slowestMs = Math.max(slowestMs, heard.totalMs);
  }
  return slowestMs;
}

describe("P13: Redis is down when the server starts", needsRedis, () => {
  it("P13: it starts and serves, says so, and uses Redis as soon as it is there", async () => {
    await using redis = await startRedisServer();
    await redis.kill();
    const startedAt = performance.now();
    await using stage = await setRedisFaultStage({ port: redis.port });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await askInTurn(stage, 5)).toBeLessThan(waitMsMax);
    await stage.untilRedis("degraded: refuses connections");
    expect((await stage.readiness()).status).toBe(200);
    expect(await stage.metric("redis_ok")).toBe(0);
    await redis.restart();
    await stage.untilRedis("ok");
    expect(await stage.metric("redis_ok")).toBe(1);
    const before = (await stage.metric("redis_commands_total")) ?? 0;
    await askInTurn(stage, 3);
    expect(await stage.metric("redis_commands_total")).toBeGreaterThan(before);
    expect(stage.redisLines().at(-1)).toContain("Redis is used");
    await judgeAftermath(stage);
  });

  it("P13: where it is required, the server is not ready, and answers all the same", async () => {
    await using redis = await startRedisServer();
    await redis.kill();
    await using stage = await setRedisFaultStage({ port: redis.port, redis: { required: true } });
    await stage.untilRedis("degraded: refuses connections");
    expect((await stage.readiness()).status).toBe(503);
    await askInTurn(stage, 1);
    await redis.restart();
    await stage.untilRedis("ok");
    expect((await stage.readiness()).status).toBe(200);
  });
});

describe("P14: Redis dies while answers are under way", needsRedis, () => {
  it("P14: no answer is lost or cut, what comes meanwhile is served, and every call is counted", async () => {
    const streams = isFullSize ? 500 : 60;
    await using redis = await startRedisServer();
    const half = goodText.length / 2;
    await using stage = await setRedisFaultStage({
      port: redis.port,
      reply: {
        steps: [role(), say(goodText.slice(0, half)), wait("killed"), say(goodText.slice(half)), finish()],
      },
    });
    await stage.untilRedis("ok");
    const asking = Array.from({ length: streams }, () => stage.ask());
    await until(() => stage.upstream.calls.length === streams, "all are under way");
    expect(Number(await redis.command("ZCARD", (await placesOf(redis))[0] ?? ""))).toBe(streams);
    await redis.kill();
    stage.upstream.open("killed");
    expectWhole(await Promise.all(asking));
    expect(await askInTurn(stage, 20)).toBeLessThan(waitMsMax);
    await stage.untilRedis(/^degraded: /);
    // Whatever was asked meanwhile was given up at once: nothing lines up in memory for a Redis that may not come back.
    expect(await stage.metric("redis_skipped_total")).toBeGreaterThan(0);
    await redis.restart();
    await stage.untilRedis("ok");
    await askInTurn(stage, 3);
    await until(async () => (await placesOf(redis)).length === 0, "nobody holds a place any more");
    expect(await stage.metric("requests_in_flight")).toBe(0);
    const { records } = stage.backend.server.backend.services;
    expect(records.stats().shedEntries).toBe(0);
    await judgeAftermath(stage);
  }, 60_000);
});

const placesOf = async (redis: { command(...words: string[]): Promise<unknown> }) =>
  (await redis.command("KEYS", "*places:*")) as string[];

describe("P15: Redis is flushed", needsRedis, () => {
  it("P15: nobody is logged out, limits still hold, no answer is harmed", async () => {
    await using redis = await startRedisServer();
    await using stage = await setRedisFaultStage({ port: redis.port, requestsPerMinute: 30 });
    await stage.untilRedis("ok");
    const user = await registerUser(stage.backend.url);
    let isOver = false;
    const flushing = (async () => {
      while (!isOver) {
        await redis.flush();
        await pause(2);
      }
    })();
    const answers = [];
    for (let count = 0; count < 40; count++) {
      answers.push(await stage.ask());
      expect((await user.get("/api/conversations/list")).status).toBe(200);
    }
    isOver = true;
    await flushing;
    // What one process has let in it still knows.
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(30);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(10);
    expectWhole(answers.slice(0, 30));
    await judgeAftermath(stage);
  }, 30_000);
});

describe("P16: Redis is slow", needsRedis, () => {
  it("P16: who asks first waits a quarter of a second at most, and then nobody waits", async () => {
    await using redis = await startRedisServer();
    await using stage = await setRedisFaultStage({ port: redis.port });
    await stage.untilRedis("ok");
    await askInTurn(stage, 3);
    redis.pause();
    const firstMs = await askInTurn(stage, 1);
    expect(firstMs).toBeGreaterThan(200);
    expect(firstMs).toBeLessThan(waitMsMax);
    const timeouts = (await stage.metric("redis_timeouts_total")) ?? 0;
    expect(timeouts).toBeGreaterThan(0);
    const overAt = performance.now() + (isFullSize ? 5_000 : 1_200);
    const waits: number[] = [];
    while (performance.now() < overAt) waits.push(await askInTurn(stage, 1));
    waits.sort((one, other) => one - other);
    expect(waits[Math.floor(waits.length * 0.9)]).toBeLessThan(200);
    // The requests paid for none of them: only the probes still look.
    expect(await stage.metric("redis_timeouts_total")).toBe(timeouts);
    expect((await stage.readiness()).redis).toMatch(/^degraded: (did not answer within 250 ms|has closed)/);
    redis.resume();
    await stage.untilRedis("ok");
    await judgeAftermath(stage);
  }, 60_000);

  it("P16: a login that counts in several windows waits once", async () => {
    await using redis = await startRedisServer();
    await using stage = await setRedisFaultStage({ port: redis.port });
    await stage.untilRedis("ok");
    const username = newUsername();
    await registerUser(stage.backend.url, username);
    redis.pause();
    const startedAt = performance.now();
    await logIn(stage.backend.url, username);
    expect(performance.now() - startedAt).toBeLessThan(waitMsMax);
    redis.resume();
  });
});

describe("P17: Redis refuses", () => {
  it.each([
    [
      "READONLY",
      "-READONLY You can't write against a read only replica.",
      "is a replica, which takes no writes",
    ],
    ["LOADING", "-LOADING Redis is loading the dataset in memory", "is loading its data"],
    ["OOM", "-OOM command not allowed when used memory > 'maxmemory'.", "has no memory left"],
    [
      "MISCONF",
      "-MISCONF Redis is configured to save RDB snapshots",
      "cannot write to its disk, and takes no writes",
    ],
    ["NOAUTH", "-NOAUTH Authentication required.", "asks for a password"],
  ])(
    "P17: with %s: it is said, everybody is served, and Redis is used again",
    async (_word, answer, reason) => {
      await using stub = await startRedisStub(answer);
      await using stage = await setRedisFaultStage({ port: stub.port });
      await stage.untilRedis(`degraded: ${reason}`);
      expect((await stage.readiness()).status).toBe(200);
      expect(await askInTurn(stage, 5)).toBeLessThan(waitMsMax);
      const user = await registerUser(stage.backend.url);
      expect(user.token).toBeDefined();
      expect(stage.redisLines().some((line) => line.includes(reason))).toBe(true);
      stub.answer = "+OK";
      await stage.untilRedis("ok");
      // It says so in the middle, too: to the call that meets it nothing happens.
      stub.answer = answer;
      expectWhole([await stage.ask()]);
      await stage.untilRedis(`degraded: ${reason}`);
      await judgeAftermath(stage);
    },
  );
});

describe("P17: a real Redis refuses", needsRedis, () => {
  it("P17: one that is full, then a replica without its primary, then one that asks for a password", async () => {
    await using redis = await startRedisServer();
    await using stage = await setRedisFaultStage({ port: redis.port });
    await stage.untilRedis("ok");
    await redis.command("CONFIG", "SET", "maxmemory", "1");
    expect(await askInTurn(stage, 3)).toBeLessThan(waitMsMax);
    await stage.untilRedis("degraded: has no memory left");
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    await stage.untilRedis("ok");
    await redis.command("REPLICAOF", "127.0.0.1", "1");
    expect(await askInTurn(stage, 3)).toBeLessThan(waitMsMax);
    await stage.untilRedis("degraded: is a replica, which takes no writes");
    await redis.command("REPLICAOF", "NO", "ONE");
    await stage.untilRedis("ok");
    await redis.restart(["--requirepass", "a-secret-password"]);
    await stage.untilRedis("degraded: asks for a password");
    expect(await askInTurn(stage, 3)).toBeLessThan(waitMsMax);
    expect(stage.backend.logLines.join("\n")).not.toContain("a-secret-password");
    await judgeAftermath(stage);
  }, 30_000);
});

describe("P18: messages between processes are lost, or come twice", needsRedis, () => {
  it("P18: a follower at another process has every character once", async () => {
    const pieces = Array.from({ length: isFullSize ? 5_000 : 600 }, (_, index) => `${index} `);
    const random = createRandom(18);
    await using redis = await startRedisServer();
    await using proxy = await startLossyRedisProxy(redis.port, () => {
      const chance = random();
      if (chance < 0.1) return "drop";
      return chance < 0.2 ? "repeat" : "pass";
    });
    await using owner = await openRelay(proxy.port, { keyPrefix: "p18:" });
    await using others = await openRelay(proxy.port, { keyPrefix: "p18:" });
    const log = createTextLog();
    owner.logs.set("run", log);
    const whole = pieces.join("");
    const where = { owner: owner.name, runId: "run", length: whole.length };
    const following = Array.from({ length: 3 }, () => followText(others.relay, where));
    for (const [index, text] of pieces.entries()) {
      log.append({ type: "text-delta", text });
      await pause(1);
      if (index === 300) proxy.cut();
    }
    log.close();
    for (const followed of await Promise.all(following)) expect(followed.text).toBe(whole);
    await others.relay.stop(owner.name, "run");
    expect(owner.stopped).toEqual(["run"]);
    expect(proxy.fates.drop).toBeGreaterThan(0);
    expect(proxy.fates.repeat).toBeGreaterThan(0);
  }, 60_000);

  it("P18: who has logged out at one process is so at the other, which is never told", async () => {
    await using redis = await startRedisServer();
    await using proxy = await startLossyRedisProxy(redis.port, () => "drop");
    await using backend = await spawnBackend({
      config: { workers: 2, redis: { address: `127.0.0.1:${proxy.port}`, relay: true } },
    });
    const { token } = await registerUser(backend.url);
    using callers = await openPinnedCallers(backend, 1);
    const [here, there] = [callers.first, callers.second].map(([one]) =>
      createTrpcCaller(backend.url, token, one?.fetch),
    );
    // Both know the session by now.
    for (const caller of [here, there]) expect((await caller?.tryQuery("auth.me"))?.status).toBe(200);
    await here?.mutate("auth.logout");
    for (const caller of [here, there]) expect((await caller?.tryQuery("auth.me"))?.status).toBe(401);
    await until(() => proxy.fates.drop > 0, "what the other one was to be told is lost");
    expect(proxy.fates.pass).toBe(0);
  }, 60_000);
});
