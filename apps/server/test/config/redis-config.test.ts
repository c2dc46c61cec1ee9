import { describe, expect, it } from "vitest";
import { toRedisConfig } from "../../src/config/redis-config.ts";
import { redisSchema } from "../../src/config/sections/redis-section.ts";

const read = (section: object) => toRedisConfig(redisSchema.parse(section));

describe("where Redis is", () => {
  it.each([
    [{ url: "redis://10.0.0.5" }, { place: { host: "10.0.0.5", port: 6379 }, db: 0, tls: false }],
    [
      { url: "rediss://cache.example:6380/3" },
      { place: { host: "cache.example", port: 6380 }, db: 3, tls: true },
    ],
    [{ url: "redis://[::1]:7000" }, { place: { host: "::1", port: 7000 } }],
    [{ url: "unix:///run/redis.sock?db=2" }, { place: { path: "/run/redis.sock" }, db: 2 }],
    [{ url: "redis://ann:p%40ss@h" }, { username: "ann", password: "p@ss" }],
    [
      { url: "redis://h/1", password: "other", db: 4 },
      { password: "other", db: 4 },
    ],
    [
      { address: "localhost:6379", password: "", db: 0 },
      { place: { host: "localhost", port: 6379 }, password: undefined },
    ],
    [{ address: ":6400" }, { place: { host: "127.0.0.1", port: 6400 } }],
    [
      { host: "cache", port: 1234, tls: true },
      { place: { host: "cache", port: 1234 }, tls: true },
    ],
    [{ host: "cache" }, { place: { host: "cache", port: 6379 }, keyPrefix: "llm-backend:" }],
  ])("is read out of %j", (section, expected) => {
    expect(read(section)).toMatchObject(expected);
  });

  it.each([[{}], [{ address: "" }], [{ password: "x", db: 1 }]])("is nowhere with %j", (section) => {
    expect(read(section)).toBeUndefined();
  });

  it.each([["localhost:6379"], ["http://h"], ["redis://"], ["unix://"]])("is no address: %s", (url) => {
    expect(redisSchema.safeParse({ url }).success).toBe(false);
  });
});
