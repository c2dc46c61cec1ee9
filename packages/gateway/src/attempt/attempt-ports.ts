import type { Usage } from "@llm-backend/contract";

/** Why an attempt ended, in the words of metrics and records. */
export type AttemptOutcome =
  | "done"
  | "cancelled"
  | "connect_failed"
  | "connect_timeout"
  | "first_byte_timeout"
  | "first_token_timeout"
  | "idle_timeout"
  | "reset"
  | "truncated"
  | "rejected"
  | "auth"
  | "rate_limited"
  | "quota"
  | "overloaded"
  | "server_error"
  | "protocol_error"
  | "error_in_stream"
  | "too_large";

/** One attempt at one upstream, as it is told to the observer when it has ended. Times are milliseconds since its start. */
export type AttemptReport = {
  readonly requestId: string;
  readonly upstream: string;
  readonly upstreamId: string;
  /** The last four characters of the key that was used. */
  readonly keyLast4: string | undefined;
  readonly model: string;
  readonly outcome: AttemptOutcome;
  readonly status: number | undefined;
  /** The failure in words, free of keys; for logs. */
  readonly message: string | undefined;
  readonly connectMs: number | undefined;
  readonly firstByteMs: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly totalMs: number;
  /** Stream frames that were no JSON. One that was meant as an object loses text and ends the attempt; others are skipped. */
  readonly framesMalformed: number;
  readonly usage: Usage | undefined;
};
