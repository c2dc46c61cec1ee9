import type { ErrorCode } from "@llm-backend/contract";
import type { AttemptOutcome } from "../attempt/attempt-ports.ts";
import type { Quirk } from "../failover/quirks.ts";

/** Why an attempt failed, decided where it was understood; the failover only reads it. */
export type Failure = {
  readonly outcome: Exclude<AttemptOutcome, "done">;
  /** What the failure means to the asker when no other upstream can answer. */
  readonly code: ErrorCode;
  /** Another upstream would fail in the same way: none is asked. */
  readonly final: boolean;
  /** For logs; free of keys. */
  readonly message: string;
  /** For the asker, in the provider's words; free of keys, addresses and hosts. */
  readonly sentence?: string;
  readonly status?: number;
  readonly retryAfterMs?: number;
  /** What the upstream answered, free of keys and hosts: an asker may be shown it in place of a sentence of ours. */
  readonly answer?: {
    readonly status: number;
    readonly body: string;
    /** It was a page for people. */
    readonly isPage: boolean;
  };
  /** What the upstream does not take: it may answer when asked without. */
  readonly refuses?: Quirk;
  /** What was thrown, where that was not the upstream's doing. */
  readonly cause?: unknown;
};

/** A failure that another upstream may not have. */
export function toFailure(outcome: Failure["outcome"], code: ErrorCode, message: string): Failure {
  return { outcome, code, final: false, message };
}
