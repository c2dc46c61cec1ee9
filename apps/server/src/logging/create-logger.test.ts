import { DomainError } from "@llm-backend/contract";
import { describe, expect, it } from "vitest";
import { createLogger, type LogConfig } from "./create-logger.ts";
import type { LogDestination } from "./log-destination.ts";

type Entry = Record<string, unknown> & { err: Record<string, unknown> };

/** A log that is kept in memory. */
function createMemoryLog(config: Partial<LogConfig> = {}) {
  const lines: string[] = [];
  const destination: LogDestination = {
    write: (line) => void lines.push(line),
    droppedCount: () => 0,
    flush: () => Promise.resolve(),
  };
  const { logger } = createLogger({ level: "trace", format: "json", ...config }, destination);
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? "{}") as Entry };
}

const secret = "Zk3v9QpL7xTt2WmR8sYb";

describe("an entry", () => {
  it("is one line of JSON with level, time and message", () => {
    const { logger, lines, last } = createMemoryLog();
    logger.info({ count: 3 }, "hello\nworld");
    expect(lines[0]?.split("\n")).toHaveLength(2);
    expect(last()).toEqual({
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      count: 3,
      msg: "hello\nworld",
    });
  });

  it("below the level is not written", () => {
    const { logger, lines } = createMemoryLog({ level: "warn" });
    logger.info("no");
    logger.warn("yes");
    expect(lines).toHaveLength(1);
  });

  it.each([
    "authorization",
    "cookie",
    "password",
    "token",
    "apiKey",
    "api_key",
    "sk",
    "key",
    "refreshToken",
    "masterKey",
    "set-cookie",
  ])("has no %s, at any depth, in fields or bindings", (name) => {
    const { logger, lines } = createMemoryLog();
    logger.info({ [name]: secret, a: { b: { c: { d: [{ [name]: secret }] } } } }, "fields");
    logger.info({ [name]: { inside: secret }, list: new Map([[name, secret]]) }, "structures");
    logger
      .child({ [name]: secret })
      .child({ more: { [name]: secret } })
      .info("bindings");
    expect(lines).toHaveLength(3);
    expect(lines.join("")).not.toContain(secret);
  });

  it("has no secret in its message or the message's parameters", () => {
    const { logger, lines } = createMemoryLog();
    logger.info("sent Bearer %s to sk-%s", secret, secret);
    logger.info(`postgres://u:${secret}@h/db`);
    expect(lines.join("")).not.toContain(secret);
  });

  it("keeps numbers and switches whatever their names", () => {
    const { logger, last } = createMemoryLog();
    logger.info({ promptTokens: 5, token: 7, hasKey: true, key: false });
    expect(last()).toMatchObject({ promptTokens: 5, token: 7, hasKey: true, key: false });
  });
});

describe("an error", () => {
  it("has its code, its causes and its stack, without secrets and without what libraries hang on it", () => {
    const { logger, lines, last } = createMemoryLog();
    const refused = Object.assign(new Error(`connect to https://u:${secret}@h`), {
      code: "ECONNREFUSED",
      syscall: "connect",
      config: { headers: secret },
    });
    const wrapped = new Error("attempt failed", { cause: refused });
    logger.error(
      {
        err: new DomainError("upstream_auth", `bad key sk-${secret}`, {
          cause: wrapped,
          details: { upstreamStatus: 401 },
        }),
      },
      "failed",
    );
    expect(last().err).toMatchObject({
      name: "DomainError",
      code: "upstream_auth",
      message: "bad key sk-[redacted]",
      details: { upstreamStatus: 401 },
      stack: expect.stringContaining("create-logger.test.ts"),
      cause: { message: "attempt failed", cause: { code: "ECONNREFUSED", syscall: "connect" } },
    });
    expect(lines.join("")).not.toContain(secret);
  });

  it("is written from anywhere: alone, under any name, in a list, as an aggregate", () => {
    const { logger, last } = createMemoryLog();
    logger.error(new Error("alone"));
    expect(last()).toMatchObject({ msg: "alone", err: { message: "alone" } });
    logger.error({ reason: new TypeError("named"), list: [new Error("listed")] });
    expect(last()).toMatchObject({
      reason: { name: "TypeError", message: "named" },
      list: [{ message: "listed" }],
    });
    logger.error(new AggregateError([new Error("one"), "two"], "both"));
    expect(last().err).toMatchObject({ errors: [{ message: "one" }, "two"] });
  });

  it("ends, when its causes go in a circle", () => {
    const { logger, last } = createMemoryLog();
    const error = new Error("circle");
    error.cause = error;
    logger.error(error);
    expect(last().err).toMatchObject({ message: "circle" });
  });
});

describe("whatever is logged", () => {
  it("takes at most 8 KiB", () => {
    const { logger, lines, last } = createMemoryLog();
    logger.info({ text: "x".repeat(1_000_000) }, "cut field");
    logger.info({ many: Array.from({ length: 1_000 }, () => "汉".repeat(1_000)) }, "many");
    logger.info("é\u0000🎉".repeat(10_000));
    logger.info(
      Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`field${index}`.repeat(50), index])),
    );
    logger.error(new Error("e".repeat(100_000), { cause: new Error("c".repeat(100_000)) }));
    for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(8_192);
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
    expect(last()).toMatchObject({ level: "error" });
    expect(lines[1]).toContain('"fields":["many"]');
  });

  it("neither throws nor goes on for ever", () => {
    const { logger, lines } = createMemoryLog();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const trap = Object.defineProperty({}, "x", {
      enumerable: true,
      get: () => {
        throw new Error("trap");
      },
    });
    for (const value of [
      circle,
      trap,
      { big: 5n, symbol: Symbol("s"), run: () => 1, date: new Date(Number.NaN), bytes: Buffer.alloc(9) },
    ]) {
      logger.info(value, "odd");
    }
    expect(lines).toHaveLength(3);
    expect(lines[2]).toContain('"big":"5"');
    expect(lines[2]).toContain('"bytes":"9 bytes"');
  });
});

describe("for people", () => {
  it("has time, level, message and fields in one line, and an error's stack below", () => {
    const { logger, lines } = createMemoryLog({ format: "pretty" });
    logger.warn({ port: 8080, url: "http://a/b", text: "two words" }, "listening");
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d WARN {2}listening port=8080 url=http:\/\/a\/b text="two words"\n$/,
    );
    logger.error(new Error("boom"), "failed");
    expect(lines[1]).toMatch(
      /ERROR failed\n {4}\{"name":"Error","message":"boom"\}\n {4}Error: boom\n {8}at /,
    );
  });

  it("cannot be made to move the cursor or to look like another entry", () => {
    const { logger, lines } = createMemoryLog({ format: "pretty" });
    logger.info({ name: "a\u001b[2J" }, "first\n00:00:00 INFO  forged \u001b[31m\u202e");
    expect(lines[0]?.split("\n")).toHaveLength(2);
    for (const control of ["\u001b", "\u202e"]) expect(lines[0]).not.toContain(control);
  });
});
