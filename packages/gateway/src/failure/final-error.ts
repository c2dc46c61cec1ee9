import { DomainError, type ErrorCode, type ErrorDetails } from "@llm-backend/contract";
import type { Failure } from "./failure.ts";

function toDetails(failures: readonly Failure[]): ErrorDetails | undefined {
  const waits = failures.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  const upstreamStatus = failures.findLast(({ status }) => status !== undefined)?.status;
  if (waits.length === 0 && upstreamStatus === undefined) return undefined;
  return {
    ...(waits.length > 0 && { retryAfterMs: Math.min(...waits) }),
    ...(upstreamStatus !== undefined && { upstreamStatus }),
  };
}

function toDomainError(code: ErrorCode, failures: readonly Failure[], message?: string): DomainError {
  const details = toDetails(failures);
  const cause = failures.at(-1)?.cause;
  return new DomainError(code, message, {
    ...(details !== undefined && { details }),
    ...(cause !== undefined && { cause }),
  });
}

/** The error of a failure that ends the search. */
export function toFinalError(failure: Failure): DomainError {
  return toDomainError(
    failure.code,
    [failure],
    failure.code === "upstream_rejected" ? failure.sentence : undefined,
  );
}

/** The error of an answer that broke off after some of it had been passed on. */
export function toBrokenAnswerError(failure: Failure): DomainError {
  const code = failure.outcome === "idle_timeout" ? "upstream_timeout" : "answer_truncated";
  return failure.outcome === "cancelled" ? toFinalError(failure) : toDomainError(code, [failure]);
}

/**
 * Chooses what to tell when every candidate failed: what all of them have in common, else that nobody could answer.
 * `failures` has at least one element.
 */
export function toExhaustedError(failures: readonly Failure[], model: string): DomainError {
  const [code = "upstream_unavailable", ...others] = new Set(failures.map((failure) => failure.code));
  if (others.length > 0) return toDomainError("upstream_unavailable", failures);
  if (code === "model_not_found")
    return toDomainError(code, failures, `No upstream serves the model “${model}”.`);
  const quota = code === "upstream_rate_limited" && failures.every(({ outcome }) => outcome === "quota");
  return toDomainError(code, failures, quota ? "The quota at the model's provider is used up." : undefined);
}
