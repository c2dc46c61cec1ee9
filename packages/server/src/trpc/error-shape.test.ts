import { DomainError, errorCodes, type ErrorCode } from "@llm-backend/contract";
import { TRPCError } from "@trpc/server";
import { TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/rpc";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { mapError, toErrorBody, toErrorShape } from "./error-shape.ts";

const codes = Object.keys(errorCodes) as ErrorCode[];

/** As tRPC hands over what a procedure threw. */
const wrap = (cause: unknown) => new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: "secret", cause });

describe.each(codes)("the error code %s", (code) => {
  const row = errorCodes[code];

  it("keeps its meaning through tRPC's wrapping", () => {
    const error = new DomainError(code, "a sentence", { details: { retryAfterMs: 1500 } });
    const { message, code: number, data } = toErrorShape({ error: wrap(error), path: "a.b" });
    expect(message).toBe(row.shown ? "a sentence" : row.publicMessage);
    expect(number).toBe(TRPC_ERROR_CODES_BY_KEY[row.trpc]);
    expect(data).toEqual({
      code: row.trpc,
      httpStatus: row.status,
      reason: code,
      retryable: row.retryable,
      retryAfterMs: 1500,
      path: "a.b",
    });
  });

  it("is found raw, wrapped, and wrapped twice", () => {
    const error = new DomainError(code);
    for (const thrown of [error, wrap(error), wrap(new Error("outer", { cause: error }))]) {
      expect(mapError(thrown)).toMatchObject({ reason: code, message: row.publicMessage });
    }
  });

  it("is written the same where no procedure threw it", () => {
    const error = new DomainError(code, "a sentence");
    expect(toErrorBody(error)).toEqual({
      error: { json: toErrorShape({ error: wrap(error), path: undefined }) },
    });
    expect(toErrorBody(error, 414).error.json.data.httpStatus).toBe(414);
  });
});

describe("what tRPC itself throws", () => {
  it("names the fields that are wrong", () => {
    const schema = z.strictObject({ title: z.string(), nested: z.object({ list: z.array(z.number()) }) });
    const { error: cause } = schema.safeParse({ title: 5, nested: { list: [1, "x"] }, more: 1 });
    const { message, data } = toErrorShape({
      error: new TRPCError({ code: "BAD_REQUEST", cause }),
      path: "p",
    });
    expect(data.reason).toBe("invalid_input");
    expect(data.issues?.map(({ path }) => path)).toEqual(["title", "nested.list.1", ""]);
    expect(message).toContain("title: ");
    expect(message).toContain('Unrecognized key: "more"');
  });

  it.each([
    ["NOT_FOUND", "not_found"],
    ["METHOD_NOT_SUPPORTED", "method_not_allowed"],
    ["UNSUPPORTED_MEDIA_TYPE", "unsupported_media_type"],
    ["PAYLOAD_TOO_LARGE", "input_too_large"],
    ["CLIENT_CLOSED_REQUEST", "cancelled"],
    ["BAD_REQUEST", "invalid_input"],
    ["PARSE_ERROR", "invalid_input"],
    ["INTERNAL_SERVER_ERROR", "internal"],
    ["UNAUTHORIZED", "internal"],
  ] as const)("%s is told as %s, and never in its own words", (code, reason) => {
    const shape = toErrorShape({ error: new TRPCError({ code, message: "secret" }), path: undefined });
    expect(shape.data.reason).toBe(reason);
    expect(JSON.stringify(shape)).not.toContain("secret");
  });
});

describe("any other failure", () => {
  it.each([
    ["an error", new Error("secret at /work/x.ts")],
    ["an error with a code", Object.assign(new Error("secret"), { code: "SQLITE_FULL" })],
    ["a text", "secret"],
    ["nothing", undefined],
    ["null", null],
    ["an endless chain of causes", toEndless()],
  ])("is an internal error without a word of it: %s", (_name, thrown) => {
    expect(mapError(thrown)).toEqual({ reason: "internal", message: "Internal error", details: {} });
    expect(JSON.stringify(toErrorShape({ error: wrap(thrown), path: "p" }))).not.toContain("secret");
  });
});

function toEndless(): Error {
  const error = new Error("secret");
  error.cause = error;
  return error;
}
