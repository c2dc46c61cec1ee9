import type { AttemptOutcome } from "../attempt/attempt-ports.ts";

/** Whose health an outcome is about. */
export type Blame =
  /** All is well. */
  | "nobody"
  /** Nothing can be said: the caller left. */
  | "unknown"
  /** The request: whoever refuses it is in good health. */
  | "request"
  | "key"
  | "upstream";

const blames = {
  done: "nobody",
  cancelled: "unknown",
  rejected: "request",
  auth: "key",
  rate_limited: "key",
  quota: "key",
  connect_failed: "upstream",
  connect_timeout: "upstream",
  first_byte_timeout: "upstream",
  first_token_timeout: "upstream",
  idle_timeout: "upstream",
  reset: "upstream",
  truncated: "upstream",
  overloaded: "upstream",
  server_error: "upstream",
  protocol_error: "upstream",
  error_in_stream: "upstream",
  too_large: "upstream",
} as const satisfies Record<AttemptOutcome, Blame>;

export const toBlame = (outcome: AttemptOutcome): Blame => blames[outcome];

// A silent upstream is not asked twice, and one that speaks nonsense speaks it again.
const passing: ReadonlySet<AttemptOutcome> = new Set([
  "connect_failed",
  "reset",
  "truncated",
  "server_error",
  "overloaded",
]);

/** Tells whether the same upstream may do better a moment later. */
export const isPassing = (outcome: AttemptOutcome): boolean => passing.has(outcome);
