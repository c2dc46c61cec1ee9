import { startRedisServer, type RedisServer } from "@llm-backend/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRedisLink } from "../../src/redis/redis-link.ts";
import { scripts } from "../../src/redis/redis-scripts.ts";
import { createRedisLimits } from "../../src/redis/shared-limits.ts";
import { until } from "../callers/chat-stage.ts";
import { createRandom } from "../crash/seeded-random.ts";
import { needsRedis, openLink } from "./redis-stage.ts";

let redis: RedisServer;

/** Two processes that share one Redis, each with limits of its own making. */
async function openPair(keyPrefix: string) {
  const stages = [openLink(redis.port, { keyPrefix }), openLink(redis.port, { keyPrefix })] as const;
  await until(() => stages.every(({ link }) => link.state.isOk), "both are connected");
  const limits = stages.map(({ link }) => createRedisLimits(link));
  const [first, second] = limits as [(typeof limits)[0], (typeof limits)[0]];
  return {
    first,
    second,
    [Symbol.dispose]() {
      for (const one of limits) one[Symbol.dispose]();
      for (const stage of stages) stage[Symbol.dispose]();
    },
  };
}

const demand = { requestsPerMinute: 3, tokensPerMinute: 1000, tokens: 100 };

describe("limits that processes share", needsRedis, () => {
  beforeAll(async () => {
    redis = await startRedisServer();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  it("count requests and tokens of a minute together", async () => {
    using pair = await openPair("minute:");
    const taken = [
      await pair.first.takeRate("key", demand),
      await pair.second.takeRate("key", demand),
      await pair.first.takeRate("key", demand),
    ];
    expect(taken.map((one) => one?.isTaken && [one.used.requests, one.used.tokens])).toEqual([
      [1, 100],
      [2, 200],
      [3, 300],
    ]);
    const refused = await pair.second.takeRate("key", demand);
    expect(refused).toMatchObject({ isTaken: false, which: "requests" });
    expect(refused?.isTaken === false && refused.waitMs).toBeGreaterThan(59_000);
    if (taken[0]?.isTaken) taken[0].taken.cancel();
    await until(async () => (await pair.second.takeRate("key", demand))?.isTaken === true, "there is room");
    const much = await pair.first.takeRate("other", { ...demand, tokens: 950 });
    expect(much).toMatchObject({ isTaken: true });
    expect(await pair.second.takeRate("other", demand)).toMatchObject({ isTaken: false, which: "tokens" });
    if (much?.isTaken) much.taken.correct(-900);
    await until(async () => (await pair.second.takeRate("other", demand))?.isTaken === true, "there is room");
  });

  it("let so many in at a time, wherever they came, and not one more when all come at once", async () => {
    using pair = await openPair("places:");
    const takes = Array.from({ length: 40 }, (_, index) =>
      (index % 2 === 0 ? pair.first : pair.second).takePlace("key", 5),
    );
    const places = (await Promise.all(takes)).filter((place) => place !== "full");
    expect(places).toHaveLength(5);
    expect(await pair.first.takePlace("key", 5)).toBe("full");
    places[0]?.release();
    places[0]?.release();
    await until(async () => (await pair.second.takePlace("key", 5)) !== "full", "one is free");
    expect(await pair.first.takePlace("key", 5)).toBe("full");
  });

  it("count in windows that begin with their first count", async () => {
    using pair = await openPair("window:");
    const [here, there] = [pair.first.openWindow("login", 600), pair.second.openWindow("login", 600)];
    await here.add("a", 1);
    expect(await there.add("a", 1)).toMatchObject({ count: 2 });
    expect((await here.add("a", -1))?.count).toBe(1);
    expect((await here.add("a", -5))?.count).toBe(0);
    const begun = await there.add("a", 1);
    expect(begun?.count).toBe(1);
    expect(begun?.resetMs).toBeGreaterThan(590_000);
    await here.forget("a");
    expect((await there.add("a", 1))?.count).toBe(1);
  });

  it("keep nothing that does not expire", async () => {
    const keys = (await redis.command("KEYS", "*")) as string[];
    expect(keys.length).toBeGreaterThan(5);
    for (const key of keys) expect(await redis.command("PTTL", key), key).toBeGreaterThan(0);
  });

  it("have no opinion while Redis is away", async () => {
    await using away = await startRedisServer();
    await away.kill();
    using stage = openLink(away.port);
    using limits = createRedisLimits(stage.link);
    expect(await limits.takeRate("key", demand)).toBeUndefined();
    expect(await limits.takePlace("key", 1)).toBeUndefined();
    expect(await limits.openWindow("login", 60).add("a", 1)).toBeUndefined();
  });

  it("hold no more than the limit in any minute, and no less, whatever is taken and taken back", async () => {
    const clockOf = (lua: string) => lua.replace('redis.call("TIME")', "{ARGV[5], ARGV[6]}");
    const random = createRandom(13);
    let nowMs = 1_760_000_000_000;
    const clock = () => [String(Math.floor(nowMs / 1000)), String((nowMs % 1000) * 1000)] as const;
    const run = (lua: string, ...given: (number | string)[]) =>
      redis.command(
        "EVAL",
        clockOf(lua),
        "1",
        "ring",
        ...[...given, "", "", ""].slice(0, 4).map(String),
        ...clock(),
      );
    // The same with a list of everything that was ever counted.
    const counted: { second: number; requests: number; tokens: number }[] = [];
    const sum = (field: "requests" | "tokens") =>
      counted
        .filter(({ second }) => second > Math.floor(nowMs / 1000) - 61)
        .reduce((total, one) => total + one[field], 0);
    for (let step = 0; step < 600; step++) {
      nowMs += Math.floor(random() ** 6 * 70_000);
      const tokens = Math.floor(random() * 30);
      const fits = sum("requests") + 1 <= 12 && sum("tokens") + tokens <= 100;
      const answer = (await run(scripts.takeOfMinute.lua, 12, 100, tokens)) as number[];
      const [waitRequests = 0, waitTokens = 0, mark = 0] = answer;
      expect(waitRequests === 0 && waitTokens === 0).toBe(fits);
      if (fits) counted.push({ second: mark, requests: 1, tokens });
      else expect(Math.max(waitRequests, waitTokens)).toBeLessThanOrEqual(61_000);
      expect(answer.slice(3, 5)).toEqual([sum("requests"), sum("tokens")]);
      const one = counted[Math.floor(random() * counted.length)];
      if (one === undefined || random() < 0.5) continue;
      nowMs += Math.floor(random() * 3_000);
      const isForgotten = one.second <= Math.floor(nowMs / 1000) - 61;
      await run(scripts.settleMinute.lua, one.second, one.requests, -one.tokens);
      if (!isForgotten) Object.assign(one, { requests: 0, tokens: 0 });
    }
    expect(counted.length).toBeGreaterThan(100);
  });
});

it("a link that is closed asks nothing", async () => {
  const link = openRedisLink({
    config: {
      place: { path: "/nowhere/redis.sock" },
      username: undefined,
      password: undefined,
      db: 0,
      tls: false,
      keyPrefix: "",
      isRelay: false,
      isRequired: false,
    },
    onChange: () => {},
    onRefused: () => {},
  });
  link.close();
  expect(await createRedisLimits(link).takePlace("key", 1)).toBeUndefined();
});
