import { DomainError, isErrorCode, type ErrorDetails } from "@llm-backend/contract";
import type { RelayedEntry, RelayedStart, RelaySignal } from "@llm-backend/server";

/** What one worker asks another for: the first line of a connection, which is for this one thing. */
export type RelayRequest =
  | { readonly type: "follow"; readonly runId: string; readonly position: number }
  | { readonly type: "stop"; readonly runId: string }
  | { readonly type: "start"; readonly start: RelayedStart }
  | { readonly type: "signal"; readonly signal: RelaySignal };

/** What comes back; a connection that ends without `end`, `done` or `failed` was cut. */
export type RelayReply =
  | { readonly type: "entry"; readonly entry: RelayedEntry }
  | { readonly type: "end" }
  | { readonly type: "done"; readonly value?: unknown }
  | { readonly type: "failed"; readonly error: RelayedError };

/** An error on its way between processes. */
export type RelayedError = {
  readonly code: string;
  readonly message: string;
  readonly details?: ErrorDetails | undefined;
};

/** Puts an error into words; whatever is none of ours stays behind, where it is logged. */
export function toRelayedError(error: unknown): RelayedError {
  if (!DomainError.is(error)) return { code: "internal", message: "" };
  return { code: error.code, message: error.message, details: error.details };
}

/** The error that the other process threw. */
export function fromRelayedError({ code, message, details }: RelayedError): DomainError {
  const known = isErrorCode(code) ? code : "internal";
  return new DomainError(known, message === "" ? undefined : message, details && { details });
}
