import { DomainError, type ErrorCode, type ErrorDetails } from "@llm-backend/contract";
import type { Failure } from "./failure.ts";

/** When it is worth coming back where nobody has said so. */
export const soonMs = 1000;
/** The longest that a caller is told to stay away: things may have changed by then. */
export const waitMsMax = 60_000;

function toDetails(failures: readonly Failure[], waitMs?: number): ErrorDetails | undefined {
  const waits = failures.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  if (waits.length === 0 && waitMs !== undefined) waits.push(waitMs);
  if (waits.length === 0 && failures.some(({ code }) => code === "upstream_overloaded")) waits.push(soonMs);
  const upstreamStatus = failures.findLast(({ status }) => status !== undefined)?.status;
  if (waits.length === 0 && upstreamStatus === undefined) return undefined;
  return {
    ...(waits.length > 0 && { retryAfterMs: Math.min(...waits, waitMsMax) }),
    ...(upstreamStatus !== undefined && { upstreamStatus }),
  };
}

type Said = { readonly message?: string | undefined; readonly waitMs?: number | undefined };

function toDomainError(code: ErrorCode, failures: readonly Failure[], said: Said = {}): DomainError {
  const details = toDetails(failures, said.waitMs);
  const cause = failures.at(-1)?.cause;
  return new DomainError(code, said.message, {
    ...(details !== undefined && { details }),
    ...(cause !== undefined && { cause }),
  });
}

/** The error of a failure that ends the search. */
export function toFinalError(failure: Failure): DomainError {
  const message = failure.code === "upstream_rejected" ? failure.sentence : undefined;
  return toDomainError(failure.code, [failure], { message });
}

/** The error of an answer that broke off after some of it had been passed on. */
export function toBrokenAnswerError(failure: Failure): DomainError {
  const code = failure.outcome === "idle_timeout" ? "upstream_timeout" : "answer_truncated";
  return failure.outcome === "cancelled" ? toFinalError(failure) : toDomainError(code, [failure]);
}

/**
 * Chooses what to tell when every candidate failed: what all of them have in common, else that nobody could answer.
 * `failures` has at least one element.
 *
 * @param waitMs - When it is worth coming back, where no upstream has said so itself.
 */
export function toExhaustedError(failures: readonly Failure[], model: string, waitMs?: number): DomainError {
  const [code = "upstream_unavailable", ...others] = new Set(failures.map((failure) => failure.code));
  if (others.length > 0) return toDomainError("upstream_unavailable", failures, { waitMs });
  if (code === "model_not_found")
    return toDomainError(code, failures, { message: `No upstream serves the model “${model}”.` });
  const isQuota = code === "upstream_rate_limited" && failures.every(({ outcome }) => outcome === "quota");
  return toDomainError(code, failures, {
    waitMs,
    message: isQuota ? "The quota at the model's provider is used up." : undefined,
  });
}
