import type { AnswerProgress } from "../answer/answer-progress.ts";
import { toFailure, type Failure } from "../failure/failure.ts";
import type { Stage } from "./attempt-clock.ts";

/** What it means that a stage took too long. */
export const stageFailures = {
  connectMs: toFailure("connect_timeout", "upstream_timeout", "no connection in time"),
  firstByteMs: toFailure("first_byte_timeout", "upstream_timeout", "no answer in time"),
  wholeAnswerMs: toFailure("first_byte_timeout", "upstream_timeout", "no answer in time"),
  firstTokenMs: toFailure("first_token_timeout", "upstream_timeout", "no content in time"),
  idleMs: toFailure("idle_timeout", "upstream_timeout", "the answer stalled"),
} as const satisfies Record<Stage, Failure>;

/** Tells whether an answer is whole as far as it came. `[DONE]` alone ends an answer, but does not make one. */
export function isComplete({ isDone, finishReason, hasContent, fault }: Readonly<AnswerProgress>): boolean {
  return fault === undefined && (finishReason !== undefined || (isDone && hasContent));
}

/** What is wrong with an answer that has ended without being whole. */
export function toIncomplete({ hasContent }: Readonly<AnswerProgress>): Failure {
  return hasContent
    ? toFailure("truncated", "upstream_unavailable", "the answer ended without a finish reason")
    : toFailure("protocol_error", "upstream_unavailable", "the answer is empty");
}
