import { DomainError } from "@llm-backend/contract";
import { report, toReport } from "./attempt/attempt-report.ts";
import { Attempt, type AttemptLimits, type AttemptResult } from "./attempt/attempt.ts";
import type { Connections } from "./attempt/connections.ts";
import { toChatBody, toChatRequest } from "./attempt/wire-request.ts";
import { toFailure, type Failure } from "./failure/failure.ts";
import { toBrokenAnswerError, toExhaustedError, toFinalError } from "./failure/final-error.ts";
import type { ChatOptions, ChatOutcome, ChatRequest, GatewayObserver } from "./ports.ts";
import type { Candidate } from "./routing/candidates.ts";

/** What the failover works with; one for the life of a gateway. */
export type FailoverContext = {
  readonly connections: Connections;
  readonly limits: AttemptLimits;
  readonly observer: GatewayObserver | undefined;
  /** The attempts under way. */
  readonly running: Set<Attempt>;
  /** Base URLs that refuse `stream_options`: they are asked without. */
  readonly withoutUsage: Set<string>;
};

/** One question on its way. */
export type Question = { readonly request: ChatRequest; readonly options: ChatOptions };

const cancelled: Failure = { ...toFailure("cancelled", "cancelled", "cancelled"), final: true };

async function attempt(
  context: FailoverContext,
  { request, options }: Question,
  candidate: Candidate,
): Promise<AttemptResult> {
  const body = toChatBody(request, candidate.model, !context.withoutUsage.has(toBaseUrl(candidate)));
  const one = new Attempt(context.connections, {
    candidate,
    request: toChatRequest(candidate, body),
    limits: context.limits,
    onParts: options.onParts,
  });
  const cancel = (): void => one.cancel(cancelled);
  context.running.add(one);
  options.signal.addEventListener("abort", cancel, { once: true });
  one.start();
  const result = await one.ended;
  options.signal.removeEventListener("abort", cancel);
  context.running.delete(one);
  report(context.observer, toReport(request.id, candidate, result));
  return result;
}

const toBaseUrl = ({ upstream: { endpoint } }: Candidate): string => endpoint.origin + endpoint.basePath;

/** Asks one candidate; a second time without `stream_options` where it does not know them. */
async function ask(
  context: FailoverContext,
  question: Question,
  candidate: Candidate,
): Promise<AttemptResult> {
  const result = await attempt(context, question, candidate);
  const baseUrl = toBaseUrl(candidate);
  if (result.failure?.refusesStreamOptions !== true || context.withoutUsage.has(baseUrl)) return result;
  context.withoutUsage.add(baseUrl);
  return attempt(context, question, candidate);
}

/**
 * Asks the candidates in turn, until one answers. A failure before the first content is not the asker's business as long
 * as there is another candidate; one after it ends the answer.
 *
 * @throws DomainError as `Gateway.chat` does.
 */
export async function askCandidates(
  context: FailoverContext,
  question: Question,
  candidates: readonly Candidate[],
): Promise<ChatOutcome> {
  const failures: Failure[] = [];
  for (const candidate of candidates) {
    if (question.options.signal.aborted) throw new DomainError("cancelled");
    const { failure, hasContent, finishReason, model, usage } = await ask(context, question, candidate);
    if (failure === undefined) return { finishReason, model, upstream: candidate.upstream.name, usage };
    if (hasContent) throw toBrokenAnswerError(failure);
    if (failure.final) throw toFinalError(failure);
    failures.push(failure);
  }
  throw toExhaustedError(failures, question.request.model);
}
