import { TRPCClientError } from "@trpc/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LlmBackendError } from "./llm-backend-error.ts";
import { readRetryAfter } from "./read-retry-after.ts";
import { toLlmBackendError } from "./to-llm-backend-error.ts";

describe("an error", () => {
  it("is what the server says", () => {
    const data = {
      code: "TOO_MANY_REQUESTS",
      httpStatus: 429,
      reason: "rate_limited",
      retryable: true,
      retryAfterMs: 5,
      issues: [{ path: "a", message: "b" }],
    };
    const given = TRPCClientError.from({ error: { message: "Slow.", code: -32_029, data } });
    expect(toLlmBackendError(given)).toMatchObject({
      name: "LlmBackendError",
      code: "rate_limited",
      message: "Slow.",
      httpStatus: 429,
      retryable: true,
      retryAfterMs: 5,
      issues: [{ path: "a", message: "b" }],
    });
  });

  it("is cancelled when the caller's own signal was aborted, whatever came of it", () => {
    const reason = new Error("no longer needed");
    const error = toLlmBackendError(new TypeError("terminated"), AbortSignal.abort(reason));
    expect(error).toMatchObject({ code: "cancelled", retryable: false, cause: reason });
  });

  it("stays what it is when it is one already", () => {
    const error = new LlmBackendError("conflict", "Taken.");
    expect(toLlmBackendError(error)).toBe(error);
    expect(TRPCClientError.from(error)).toBe(error);
  });

  it.each([new TypeError("fetch failed"), "a text", undefined, null, { odd: true }])(
    "is network for %o",
    (cause) => {
      expect(toLlmBackendError(cause)).toMatchObject({
        code: "network",
        retryable: true,
        httpStatus: undefined,
      });
    },
  );

  it("is known by its mark, also to another copy of this package", () => {
    const error = new LlmBackendError("conflict", "Taken.");
    expect(LlmBackendError.is(error)).toBe(true);
    expect(error).toBeInstanceOf(LlmBackendError);
    for (const value of [
      new Error("x"),
      TRPCClientError.from(new Error("x")),
      {},
      null,
      undefined,
      "conflict",
    ]) {
      expect(LlmBackendError.is(value)).toBe(false);
    }
  });
});

describe("Retry-After", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse("2026-11-22T12:00:00Z") });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ["7", 7000],
    [" 0 ", 0],
    ["Sun, 22 Nov 2026 12:00:30 GMT", 30_000],
    ["Sun, 22 Nov 2026 11:00:00 GMT", 0],
    ["-5", 0],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
    [undefined, undefined],
  ])("%j is %j milliseconds", (header, ms) => {
    expect(readRetryAfter(header)).toBe(ms);
  });
});
