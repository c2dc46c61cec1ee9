import type { AppRouter } from "@llm-backend/server";
import { TRPCClientError } from "@trpc/client";
import type { ErrorCode } from "../wire-types.ts";

const mark = Symbol.for("llm-backend.client-error");

/**
 * Why a call or a stream failed: a code of the server, or `network` when no answer of the server came. `cancelled` is
 * also what the caller's own signal ends with.
 */
export type LlmBackendErrorCode = ErrorCode | "network";

/** A field of the input that is wrong: its dotted path, and one sentence. */
export type ErrorIssue = { readonly path: string; readonly message: string };

/** What is known of an error beside code and message. */
export type LlmBackendErrorOptions = {
  /** @default false */
  readonly retryable?: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly issues?: readonly ErrorIssue[] | undefined;
  readonly httpStatus?: number | undefined;
  readonly cause?: unknown;
};

/**
 * What all calls and streams of the client throw. It is a `TRPCClientError` too, for code that knows tRPC only.
 *
 * @example
 * if (LlmBackendError.is(error) && error.code === "not_found") showEmptyPage();
 */
export class LlmBackendError extends TRPCClientError<AppRouter> {
  readonly code: LlmBackendErrorCode;
  /** Whether the same call may succeed when made again later. */
  readonly retryable: boolean;
  /** After how many milliseconds another try makes sense, where the server said so. */
  readonly retryAfterMs: number | undefined;
  /** The fields that are wrong, where the code is `invalid_input`. */
  readonly issues: readonly ErrorIssue[];
  /** The HTTP status that the error stands for; undefined where there was no answer. */
  readonly httpStatus: number | undefined;

  constructor(code: LlmBackendErrorCode, message: string, options: LlmBackendErrorOptions = {}) {
    super(message, options.cause instanceof Error ? { cause: options.cause } : {});
    // The parent's constructor makes every instance one of its own.
    Object.setPrototypeOf(this, new.target.prototype);
    Object.defineProperty(this, mark, { value: true });
    this.name = "LlmBackendError";
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    this.issues = options.issues ?? [];
    this.httpStatus = options.httpStatus;
  }

  /** Tells this error from any other value, also across two copies of this package. */
  static is(value: unknown): value is LlmBackendError {
    return typeof value === "object" && value !== null && mark in value;
  }
}
