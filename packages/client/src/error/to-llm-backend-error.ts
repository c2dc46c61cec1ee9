import { TRPCClientError } from "@trpc/client";
import { LlmBackendError, type LlmBackendErrorCode } from "./llm-backend-error.ts";
import { readRetryAfter } from "./read-retry-after.ts";

/** The part of an HTTP answer that an error is made from. */
export type ErrorResponse = {
  readonly status: number;
  readonly headers?: { get(name: string): string | null };
};

/** What proxies and the server's host say by status alone; everything else is no answer of the server. */
const codeOfStatus: Readonly<Record<number, LlmBackendErrorCode>> = {
  413: "input_too_large",
  414: "input_too_large",
  429: "rate_limited",
  431: "input_too_large",
};

/** The error of a call that its caller gave up. */
export function toCancelled(signal: AbortSignal): LlmBackendError {
  const cause: unknown = signal.reason;
  return LlmBackendError.is(cause)
    ? cause
    : new LlmBackendError("cancelled", "The request was cancelled.", { cause });
}

/** The error that the server's error formatter wrote; undefined for anything else. */
export function fromShape(shape: unknown): LlmBackendError | undefined {
  if (!isObject(shape) || !isObject(shape.data) || typeof shape.data.reason !== "string") return undefined;
  const { reason, retryable, retryAfterMs, issues, httpStatus } = shape.data as NonNullable<
    LlmBackendError["data"]
  >;
  return new LlmBackendError(reason, String(shape.message), { retryable, retryAfterMs, issues, httpStatus });
}

/** The error of an answer that is not one of the server's procedures. */
export function fromResponse(
  response: ErrorResponse,
  given: { body: unknown; cause?: unknown },
): LlmBackendError {
  const { status } = response;
  const said = isObject(given.body) && typeof given.body.error === "string" ? given.body.error : undefined;
  return new LlmBackendError(
    codeOfStatus[status] ?? "network",
    said ?? `The answer is not one of llm-backend: HTTP ${status}.`,
    {
      retryable: status >= 500 || status === 408 || status === 425 || status === 429,
      retryAfterMs: readRetryAfter(response.headers?.get("retry-after")),
      httpStatus: status,
      cause: given.cause,
    },
  );
}

/** Maps whatever a link threw; what its caller's signal ended is `cancelled`. */
export function toLlmBackendError(error: unknown, signal?: AbortSignal | null): LlmBackendError {
  if (signal?.aborted === true) return toCancelled(signal);
  if (LlmBackendError.is(error)) return error;
  if (!(error instanceof TRPCClientError)) return toUnreachable(error);
  const mapped = fromShape(error.shape);
  if (mapped !== undefined) return mapped;
  const { response, responseJSON } = (error.meta ?? {}) as {
    response?: ErrorResponse;
    responseJSON?: unknown;
  };
  if (response !== undefined) return fromResponse(response, { body: responseJSON, cause: error.cause });
  return toUnreachable(error.cause ?? error);
}

/** No answer came, or only a part of one. */
export function toUnreachable(cause: unknown): LlmBackendError {
  const said = cause instanceof Error ? cause.message : "";
  return new LlmBackendError("network", `The server could not be reached${said === "" ? "." : `: ${said}`}`, {
    retryable: true,
    cause,
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
