import type { AttemptResult } from "../attempt/attempt-result.ts";
import { createChatReceiver } from "../attempt/chat-receiver.ts";
import { toChatBody, toChatRequest } from "../attempt/wire-request.ts";
import { CandidateWalk } from "../failover/candidate-walk.ts";
import type { GatewayContext } from "../failover/gateway-context.ts";
import type { Quirk } from "../failover/quirks.ts";
import { endSlot, runAttempt } from "../failover/run-attempt.ts";
import { toBrokenAnswerError } from "../failure/final-error.ts";
import type { Slot } from "../pool/pool.ts";
import type { AnswerPart, ChatOptions, ChatOutcome, ChatRequest, ToolCall } from "../ports.ts";
import { chooseMode, createSeam, toContinued, type ContinuationMode } from "./continuation.ts";
import { createSpokenAnswer, type SpokenAnswer } from "./spoken-answer.ts";
import { hasImages, withoutImages } from "./without-images.ts";
import { hasTools, withoutTools } from "./without-tools.ts";

/** One question on its way. */
type Question = {
  readonly request: ChatRequest;
  readonly options: ChatOptions;
  readonly answer: SpokenAnswer;
  readonly walk: CandidateWalk;
};

/** What a candidate answered. Calls of tools are of this attempt alone: no two attempts are ever joined to one call. */
type Asked = AttemptResult & { readonly toolCalls: readonly ToolCall[] };

/** In which form a candidate is asked. */
type Form = {
  readonly withUsage: boolean;
  /** Undefined: the answer is not one to go on with. */
  readonly mode: ContinuationMode | undefined;
  readonly images: Extra;
  readonly tools: Extra;
};

/** What a question may have that not every candidate takes. */
type Extra = "none" | "sent" | "left out";

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
    const result = await ask(context, { request, options, answer, walk }, slot);
    const { failure, finishReason, model, usage } = result;
    if (failure === undefined) {
      answer.finish();
      return { finishReason, model, upstream: slot.upstream.name, usage, toolCalls: result.toolCalls };
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

/**
 * Asks one candidate; again without `stream_options`, images, tools, or the beginning of an answer, where it refuses
 * them.
 */
async function ask(context: GatewayContext, question: Question, slot: Slot): Promise<Asked> {
  const { quirks } = context;
  for (;;) {
    const form = chooseForm(context, question, slot);
    const result = await attempt(context, question, { slot, form });
    const refused = findRefused(result, form);
    if (refused === undefined) {
      endSlot(slot, result);
      return result;
    }
    quirks.learn(slot, refused);
  }
}

function chooseForm(context: GatewayContext, { request }: Question, slot: Slot): Form {
  return {
    withUsage: !context.quirks.has(slot, "no_stream_options"),
    mode: request.spoken === undefined ? undefined : chooseMode(context, slot),
    images: choose(hasImages(request), context.quirks.has(slot, "no_images")),
    tools: choose(hasTools(request), context.quirks.has(slot, "no_tools")),
  };
}

function choose(isThere: boolean, isRefused: boolean): Extra {
  if (!isThere) return "none";
  return isRefused ? "left out" : "sent";
}

/** What of our form the candidate does not take. Each is left out from then on, so that nobody is asked for ever. */
function findRefused({ failure }: AttemptResult, form: Form): Quirk | undefined {
  const { withUsage, mode, images, tools } = form;
  if (failure?.refuses === "no_stream_options" && withUsage) return "no_stream_options";
  if (failure?.refuses === "no_images" && images === "sent") return "no_images";
  if (failure?.refuses === "no_tools" && tools === "sent") return "no_tools";
  // However it says so: the question alone it may take.
  const isRefused = failure?.outcome === "rejected" && failure.code !== "context_too_long";
  if (isRefused && mode === "prefill") return "no_prefill";
  return undefined;
}

async function attempt(
  context: GatewayContext,
  question: Question,
  { slot, form }: { slot: Slot; form: Form },
): Promise<Asked> {
  const { options, answer, walk } = question;
  const request = toAsked(question.request, form);
  const { spoken } = request;
  const isContinued = spoken !== undefined && form.mode !== undefined;
  const seam = isContinued ? createSeam(spoken, form.mode) : undefined;
  const asked = isContinued ? toContinued({ ...request, spoken }, slot, form.mode) : request;
  const receiver = createChatReceiver(context.limits, (parts: readonly AnswerPart[]) =>
    answer.take(seam === undefined ? parts : seam.take(parts)),
  );
  const result = await runAttempt(context, {
    requestId: request.id,
    slot,
    request: toChatRequest(slot, toChatBody(asked, slot.model, form.withUsage)),
    receiver,
    signal: options.signal,
    remainingMs: walk.remainingMs,
  });
  if (seam !== undefined && result.failure === undefined) answer.take(seam.end());
  return { ...result, toolCalls: receiver.toolCalls() };
}

function toAsked(request: ChatRequest, { images, tools }: Form): ChatRequest {
  const seen = images === "left out" ? withoutImages(request) : request;
  return tools === "left out" ? withoutTools(seen) : seen;
}
