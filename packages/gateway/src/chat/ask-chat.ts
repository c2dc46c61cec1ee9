import type { AttemptResult } from "../attempt/attempt-result.ts";
import { createChatReceiver } from "../attempt/chat-receiver.ts";
import { toChatBody, toChatRequest } from "../attempt/wire-request.ts";
import { CandidateWalk } from "../failover/candidate-walk.ts";
import type { GatewayContext } from "../failover/gateway-context.ts";
import { endSlot, runAttempt } from "../failover/run-attempt.ts";
import { toBrokenAnswerError } from "../failure/final-error.ts";
import type { Slot } from "../pool/pool.ts";
import type { AnswerPart, ChatOptions, ChatOutcome, ChatRequest } from "../ports.ts";
import { createSpokenAnswer, type SpokenAnswer } from "./spoken-answer.ts";

/** One question on its way. */
type Question = {
  readonly request: ChatRequest;
  readonly options: ChatOptions;
  readonly answer: SpokenAnswer;
  readonly remainingMs: number;
};

/**
 * Asks the candidates in turn, until one answers. A failure before the first content is not the asker's business as long
 * as there is another candidate. After it, the next candidate's answer takes the place of the broken one: unnoticed where
 * it repeats it, with a reset where it does not, and without a listener for that the answer ends with an error.
 *
 * @throws DomainError as `Gateway.chat` does.
 */
export async function askChat(
  context: GatewayContext,
  request: ChatRequest,
  options: ChatOptions,
): Promise<ChatOutcome> {
  const walk = new CandidateWalk(context, request);
  const answer = createSpokenAnswer(options);
  for (let broken: AttemptResult["failure"]; ;) {
    let slot: Slot;
    try {
      slot = await walk.next(options.signal);
    } catch (error) {
      // What ended the answer matters more than that nobody could take it up again.
      throw broken === undefined || options.signal.aborted ? error : toBrokenAnswerError(broken);
    }
    const result = await ask(context, { request, options, answer, remainingMs: walk.remainingMs }, slot);
    const { failure, finishReason, model, usage } = result;
    if (failure === undefined) {
      answer.finish();
      return { finishReason, model, upstream: slot.upstream.name, usage };
    }
    if (answer.hasContent && !answer.canBeginAgain) throw toBrokenAnswerError(failure);
    if (failure.outcome === "cancelled") throw toBrokenAnswerError(failure);
    if (answer.hasContent) {
      broken = failure;
      walk.restart();
    }
    // What a stand-in does not like about the question is not what the asker has to hear now.
    walk.note(broken === undefined ? failure : { ...failure, final: false });
    answer.beginAgain();
  }
}

/** Asks one candidate; a second time without `stream_options` where it does not know them. */
async function ask(context: GatewayContext, question: Question, slot: Slot): Promise<AttemptResult> {
  const { quirks } = context;
  const first = await attempt(context, question, slot);
  if (first.failure?.refuses !== "no_stream_options" || quirks.has(slot, "no_stream_options")) {
    endSlot(slot, first);
    return first;
  }
  quirks.learn(slot, "no_stream_options");
  const second = await attempt(context, question, slot);
  endSlot(slot, second);
  return second;
}

function attempt(context: GatewayContext, question: Question, slot: Slot): Promise<AttemptResult> {
  const { request, options, answer } = question;
  const body = toChatBody(request, slot.model, !context.quirks.has(slot, "no_stream_options"));
  return runAttempt(context, {
    requestId: request.id,
    slot,
    request: toChatRequest(slot, body),
    receiver: createChatReceiver(context.limits, (parts: readonly AnswerPart[]) => answer.take(parts)),
    signal: options.signal,
    remainingMs: question.remainingMs,
  });
}
