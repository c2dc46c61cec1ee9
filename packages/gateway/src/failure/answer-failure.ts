import type { ErrorCode } from "@llm-backend/contract";
import {
  isContextTooLong,
  isInvalidKey,
  isMissingModel,
  isOverload,
  isQuota,
  isRateLimit,
} from "./error-kinds.ts";
import type { Failure } from "./failure.ts";
import { findQuirk } from "./find-quirk.ts";
import { readProviderError, type ProviderError } from "./provider-error.ts";
import { readRetryAfter, type AnswerHeaders } from "./retry-after.ts";
import { scrub, type Secrets } from "./scrub.ts";
import { toShownBody } from "./shown-body.ts";

/** An answer with an error status, as far as its body came. */
export type ErrorAnswer = { readonly status: number; readonly headers: AnswerHeaders; readonly body: string };

type Verdict = Pick<Failure, "outcome" | "code" | "final">;

const verdict = (outcome: Failure["outcome"], code: ErrorCode, final = false): Verdict => ({
  outcome,
  code,
  final,
});

const nothingSaid: ProviderError = { message: undefined, kind: "", status: undefined };

type Rule = readonly [fits: (status: number, error: ProviderError) => boolean, verdict: Verdict];

/** What a status means together with what the provider says; the first rule that fits. Words count for more than numbers. */
const rules: readonly Rule[] = [
  [(status) => status < 400, verdict("protocol_error", "upstream_unavailable")],
  [(_, error) => isContextTooLong(error), verdict("rejected", "context_too_long", true)],
  [(status) => status === 401 || status === 403, verdict("auth", "upstream_auth")],
  [
    (status, error) => status === 402 || (status < 500 && isQuota(error)),
    verdict("quota", "upstream_rate_limited"),
  ],
  [
    (status, error) => status === 429 || (status < 500 && isRateLimit(error)),
    verdict("rate_limited", "upstream_rate_limited"),
  ],
  [
    (status, error) => status === 503 || status === 529 || isOverload(error),
    verdict("overloaded", "upstream_overloaded"),
  ],
  [(status) => status >= 500 || status === 408, verdict("server_error", "upstream_unavailable")],
  [(status, error) => status === 400 && isInvalidKey(error), verdict("auth", "upstream_auth")],
  [
    (status, error) => [400, 404, 422].includes(status) && isMissingModel(error),
    verdict("rejected", "model_not_found"),
  ],
  // A 404 that says nothing of the request is a base URL that leads nowhere.
  [
    (status, error) => status === 404 && error === nothingSaid,
    verdict("protocol_error", "upstream_unavailable"),
  ],
];

function judge(status: number, error: ProviderError = nothingSaid): Verdict {
  const rule = rules.find(([fits]) => fits(status, error));
  return rule?.[1] ?? verdict("rejected", "upstream_rejected", true);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** What a refusal says beside its verdict: what of our own additions it is about, and what the asker may be shown. */
function toRejection({ status, body }: ErrorAnswer, secrets: Secrets): Partial<Failure> {
  const refuses = findQuirk(body);
  return {
    answer: { status, body: toShownBody(body, secrets), isPage: /^\s*</.test(body) },
    ...(refuses !== undefined && { refuses }),
  };
}

/** What of the question an upstream refuses that says it has failed. */
function toOwnFailure(body: string): Pick<Failure, "refuses"> {
  const refuses = findQuirk(body);
  return refuses === "no_images" || refuses === "no_tools" ? { refuses } : {};
}

/** Understands an answer whose status is not a success. */
export function toAnswerFailure({ status, headers, body }: ErrorAnswer, secrets: Secrets): Failure {
  const error = readProviderError(parse(body), true);
  const judged = judge(status, error);
  const sentence = error?.message === undefined ? undefined : scrub(error.message, secrets);
  const retryAfterMs = judged.outcome === "quota" ? undefined : readRetryAfter(headers, Date.now());
  return {
    ...judged,
    status,
    message: sentence === undefined ? `status ${status}` : `status ${status}: ${sentence}`,
    ...(sentence !== undefined && { sentence }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...((judged.outcome === "rejected" || status === 404) && toRejection({ status, headers, body }, secrets)),
    // Some servers of models take this for a failure of their own.
    ...(status >= 500 && toOwnFailure(body)),
  };
}

/**
 * Understands an error that came inside of a stream. Only a prompt that is too long ends the search: whatever else is
 * wrong came after the upstream had accepted the request.
 */
export function toStreamFailure(error: ProviderError, secrets: Secrets): Failure {
  const { code, final } = judge(error.status ?? 500, error);
  const sentence = scrub(error.message ?? error.kind, secrets);
  const isFinal = final && code === "context_too_long";
  return {
    outcome: "error_in_stream",
    code: final && !isFinal ? "upstream_unavailable" : code,
    final: isFinal,
    message: `error in the stream: ${sentence}`,
    ...(error.status !== undefined && { status: error.status }),
  };
}
