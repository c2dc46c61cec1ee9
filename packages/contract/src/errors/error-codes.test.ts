import { describe, expect, it } from "vitest";
import { errorCodes, isErrorCode, type ErrorCode, type ErrorRow } from "./error-codes.ts";

const rows = Object.entries(errorCodes) as [ErrorCode, ErrorRow][];

/** What tRPC answers with for each of its codes. @source https://trpc.io/docs/server/error-handling */
const trpcStatuses = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  PAYMENT_REQUIRED: 402,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_SUPPORTED: 405,
  CONFLICT: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNPROCESSABLE_CONTENT: 422,
  TOO_MANY_REQUESTS: 429,
  CLIENT_CLOSED_REQUEST: 499,
  INTERNAL_SERVER_ERROR: 500,
  BAD_GATEWAY: 502,
  SERVICE_UNAVAILABLE: 503,
  GATEWAY_TIMEOUT: 504,
} as const satisfies Record<ErrorRow["trpc"], number>;

/** The types that OpenAI has for a status; what is out of money has one of its own. */
function toOpenaiTypes(status: number): string[] {
  if (status === 402) return ["insufficient_quota"];
  if (status >= 500) return ["server_error"];
  return ["invalid_request_error", "permission_error", "rate_limit_error"];
}

describe.each(rows)("%s", (code, row) => {
  it("is a code, written in lower case", () => {
    expect(isErrorCode(code)).toBe(true);
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });

  it("has one status on all faces", () => {
    expect(trpcStatuses[row.trpc]).toBe(row.status);
  });

  it("has a type and a code for OpenAI's clients", () => {
    expect(toOpenaiTypes(row.status)).toContain(row.type);
    expect(row.openai).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });

  it("is explained by one sentence that gives nothing away", () => {
    expect(row.publicMessage).toMatch(/^[A-Z][^.]*\.$|^Internal error$/);
  });

  it("invites another try only where the same request may succeed", () => {
    const mayPass = row.status >= 500 || row.status === 409 || row.status === 429;
    expect(row.retryable && !mayPass).toBe(false);
  });
});

it("names every OpenAI code once, so that a caller can tell all errors apart", () => {
  const names = rows.map(([, row]) => row.openai);
  expect(new Set(names).size).toBe(names.length);
});

it("uses OpenAI's own names where there are any", () => {
  expect(errorCodes.unauthenticated.openai).toBe("invalid_api_key");
  expect(errorCodes.context_too_long.openai).toBe("context_length_exceeded");
  expect(errorCodes.rate_limited.openai).toBe("rate_limit_exceeded");
  expect(errorCodes.quota_exceeded.openai).toBe("insufficient_quota");
});

it("never turns an upstream's refusal of a key into a refusal of the caller", () => {
  expect(errorCodes.upstream_auth.status).toBe(502);
});

it("hides the message of internal errors only", () => {
  expect(rows.filter(([, row]) => !row.shown).map(([code]) => code)).toEqual(["internal"]);
});

it.each(["", "nope", "toString", "__proto__", "constructor", undefined, null, 404, ["not_found"]])(
  "takes %j for no code",
  (value) => {
    expect(isErrorCode(value)).toBe(false);
  },
);
