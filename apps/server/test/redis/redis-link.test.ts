import { startLossyRedisProxy, startRedisServer, startRedisStub } from "@llm-backend/testing";
import { describe, expect, it } from "vitest";
import { unavailable } from "../../src/redis/redis-link.ts";
import { until } from "../callers/chat-stage.ts";
import { needsRedis, openLink } from "./redis-stage.ts";

const ping = (stage: ReturnType<typeof openLink>) => stage.link.ask((client) => client.ping());

describe("a link to Redis", needsRedis, () => {
  it("is of use as soon as Redis is there, and again after it was killed", async () => {
    await using redis = await startRedisServer();
    using stage = openLink(redis.port);
    expect(await ping(stage)).toBe(unavailable);
    await until(() => stage.link.state.isOk, "it is connected");
    expect(await ping(stage)).toBe("PONG");
    await redis.kill();
    await until(() => !stage.link.state.isOk, "it notices");
    expect(await ping(stage)).toBe(unavailable);
    await redis.restart();
    await until(() => stage.link.state.isOk, "it is back");
    expect(await ping(stage)).toBe("PONG");
    expect(stage.states[0]).toBe("ok");
    expect(stage.states.at(-1)).toBe("ok");
  });

  it("makes nobody wait longer than 250 ms for a Redis that has stopped, and only those who asked before it was known", async () => {
    await using redis = await startRedisServer();
    using stage = openLink(redis.port);
    await until(() => stage.link.state.isOk, "it is connected");
    redis.pause();
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ping(stage)));
    expect(performance.now() - startedAt).toBeLessThan(600);
    expect(new Set(answers)).toEqual(new Set([unavailable]));
    const laterAt = performance.now();
    for (let count = 0; count < 1000; count++) expect(await ping(stage)).toBe(unavailable);
    expect(performance.now() - laterAt).toBeLessThan(200);
    expect(stage.link.stats.timeouts).toBeGreaterThan(0);
    expect(stage.link.stats.skipped).toBeGreaterThanOrEqual(1000);
    redis.resume();
    await until(() => stage.link.state.isOk, "it is back");
    expect(await ping(stage)).toBe("PONG");
  });

  it("does not take the mistake of one command for a Redis that is unwell", async () => {
    await using redis = await startRedisServer();
    using stage = openLink(redis.port);
    await until(() => stage.link.state.isOk, "it is connected");
    await stage.link.ask((client) => client.set("text", "x"));
    expect(await stage.link.ask((client) => client.lpush("text", "y"))).toBe(unavailable);
    expect(stage.refused).toEqual(["WRONGTYPE"]);
    expect(stage.link.state.isOk).toBe(true);
  });

  it("leaves a connection that was cut off without a word within five seconds", async () => {
    await using redis = await startRedisServer();
    await using proxy = await startLossyRedisProxy(redis.port, () => "pass");
    using stage = openLink(proxy.port);
    await until(() => stage.link.state.isOk, "it is connected");
    proxy.freeze();
    const frozenAt = performance.now();
    expect(await ping(stage)).toBe(unavailable);
    await until(() => stage.link.state.isOk, "it has another connection");
    expect(performance.now() - frozenAt).toBeLessThan(5_000);
    expect(await ping(stage)).toBe("PONG");
  });

  it("hears what is published, also after Redis was killed", async () => {
    await using redis = await startRedisServer();
    using stage = openLink(redis.port);
    const heard: string[] = [];
    const unlisten = stage.link.listen("channel", (message) => heard.push(message));
    const isHeard = (message: string) => async () => {
      await redis.command("PUBLISH", "channel", message).catch(() => undefined);
      return heard.includes(message);
    };
    await until(isHeard("first"), "the first message");
    await redis.restart();
    await until(isHeard("second"), "the second message");
    unlisten();
    await until(
      async () => (await redis.command("PUBLISH", "channel", "third")) === 0,
      "nobody listens any more",
    );
    expect(heard).not.toContain("third");
  });
});

describe("what Redis says", () => {
  it.each([
    ["-READONLY You can't write against a read only replica.", "is a replica, which takes no writes"],
    ["-LOADING Redis is loading the dataset in memory", "is loading its data"],
    ["-OOM command not allowed when used memory > 'maxmemory'.", "has no memory left"],
    ["-MISCONF Redis is configured to save RDB snapshots", "cannot write to its disk, and takes no writes"],
    ["-NOAUTH Authentication required.", "asks for a password"],
    ["-ERR max number of clients reached", "does not let this server in"],
  ])("%s is a reason to do without it, until it says otherwise", async (answer, reason) => {
    await using stub = await startRedisStub(answer);
    using stage = openLink(stub.port);
    await until(() => stage.states.includes(reason), "the reason is known");
    const before = stub.commands.length;
    for (let count = 0; count < 20; count++) expect(await ping(stage)).toBe(unavailable);
    expect(stub.commands.length - before).toBeLessThan(20);
    stub.answer = "+OK";
    await until(() => stage.link.state.isOk, "it is well");
  });

  it("a password that is refused is a reason too, and stands in no state", needsRedis, async () => {
    await using redis = await startRedisServer(["--requirepass", "right"]);
    using stage = openLink(redis.port, { password: "wrong-secret" });
    await until(() => stage.states.includes("refuses the password"), "the reason is known");
    expect(JSON.stringify(stage.states)).not.toContain("secret");
    using other = openLink(redis.port, { password: "right" });
    await until(() => other.link.state.isOk, "it is let in");
  });
});
