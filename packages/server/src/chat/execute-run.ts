import {
  DomainError,
  errorCodes,
  findDomainError,
  toPublicMessage,
  type RunEvent,
  type TerminalEvent,
} from "@llm-backend/contract";
import type { ChatOutcome, Gateway } from "@llm-backend/gateway";
import type { Conversation, Storage } from "@llm-backend/storage";
import { toKeyPlace } from "../conversation/conversation-service.ts";
import type { SealBox } from "../secrets/seal-box.ts";
import { createRoundVoice, type Round } from "../tool/round.ts";
import type { ToolRounds } from "../tool/tool-rounds.ts";
import { readContinued } from "./continued-text.ts";
import type { LiveRun } from "./live-run.ts";
import { lookUp, type Knowledge, type LookUps } from "./look-up.ts";
import { getContextTokens, type ModelContexts } from "./model-context.ts";
import { readPromptBranch } from "./prompt-branch.ts";
import { buildPrompt, type Prompt } from "./prompt.ts";
import type { RunJournal } from "./run-journal.ts";
import { saveRun } from "./save-run.ts";
import { estimateTokens } from "./token-estimate.ts";

/** What running stands on. */
export type ExecuteRunDeps = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly sealBox: SealBox;
  readonly journal: RunJournal;
  readonly now: () => number;
  /** Learns of failures that are not the asker's or a provider's business. */
  readonly onInternalError: (error: unknown) => void;
  readonly settings: RunSettings;
  /** Asks again while the model calls tools. */
  readonly tools: Pick<ToolRounds, "answer">;
  /** Looks questions up in knowledge bases; undefined: there are none. */
  readonly lookUps?: LookUps | undefined;
  /** Learns how a run ended, for the books. Must not throw. */
  readonly onEnded?: (live: LiveRun, ending: TerminalEvent) => void;
};

/** How answers are made. */
export type RunSettings = {
  /** For conversations that have no system prompt of their own. */
  readonly systemPrompt: string;
  readonly contexts: ModelContexts;
  /** Whether a model takes images, by its exact name; of others that is found out. */
  readonly takesImages?: Readonly<Record<string, boolean>>;
  /** Of the images of one prompt, so many bytes are sent. */
  readonly promptImageBytesMax: number;
  /** No run takes longer. */
  readonly runMsMax: number;
};

const finishReasonCharsMax = 64;
const modelCharsMax = 256;
/** At most so much of a context is kept free for the answer. */
const answerTokensMax = 4096;
/** How often a prompt is cut to half when the provider calls it too long. */
const shrinkTriesMax = 3;

/** Drives a run from its prompt to its stored ending. Never rejects: whatever happens ends in one terminal event. */
export async function executeRun(deps: ExecuteRunDeps, live: LiveRun): Promise<void> {
  const expiry = setTimeout(() => live.end("expire"), deps.settings.runMsMax);
  let ending: TerminalEvent;
  try {
    const outcome = await ask(deps, live);
    ending = toDone(outcome);
  } catch (error) {
    ending = toEnding(live, error);
    if (ending.type === "run-error" && ending.code === "internal") deps.onInternalError(error);
  } finally {
    clearTimeout(expiry);
  }
  await deps.journal.release(live);
  try {
    await saveRun(deps, live, ending);
  } catch (error) {
    deps.onInternalError(error);
    ending = toEnding(live, error);
  }
  live.log.append(ending);
  live.finish();
  deps.onEnded?.(live, ending);
}

async function ask(deps: ExecuteRunDeps, live: LiveRun): Promise<ChatOutcome> {
  const { run } = live;
  // Whatever becomes of it: what it goes on with is said.
  live.repeat(await readContinued(deps.storage, run));
  live.signal.throwIfAborted();
  const conversation = await deps.storage.conversations.find(run.conversationId, run.userId);
  if (conversation === undefined) throw new DomainError("not_found", "The conversation was deleted.");
  const knowledge = await lookUp(deps, live, conversation);
  return deps.tools.answer(live, conversation.tools, (round) =>
    askRound(deps, live, { conversation, knowledge, round }),
  );
}

/** What one round of an answer is made from. */
type RoundGiven = {
  readonly conversation: Conversation;
  readonly knowledge: Knowledge;
  readonly round: Round;
};

/** Asks the model once: as often as it takes until the question fits. */
async function askRound(
  deps: ExecuteRunDeps,
  live: LiveRun,
  { conversation, knowledge, round }: RoundGiven,
): Promise<ChatOutcome> {
  let contextTokens = getContextTokens(live.run.model, deps.settings.contexts);
  for (let shrinks = 0; ; shrinks++) {
    const prompt = await preparePrompt(deps, live, { conversation, knowledge, round, contextTokens });
    live.noteAsked(prompt.tokens + countSpoken(live, round));
    try {
      return await deps.gateway.chat(toRequest(deps, live, { conversation, round, prompt }), {
        signal: live.signal,
        ...createRoundVoice(live, round),
      });
    } catch (error) {
      // Our count of tokens is an estimate, the provider's is the truth.
      const isTooLong = DomainError.is(error) && error.code === "context_too_long";
      const canShrink = prompt.messagesKept > 1 || prompt.hasContext;
      if (!isTooLong || shrinks === shrinkTriesMax || !canShrink) throw error;
      // Half of a context that the prompt did not fill would bring the same prompt again.
      contextTokens = Math.floor(Math.min(contextTokens, prompt.tokens) / 2);
    }
  }
}

async function preparePrompt(
  deps: ExecuteRunDeps,
  live: LiveRun,
  given: RoundGiven & { contextTokens: number },
): Promise<Prompt> {
  const { conversation, knowledge, round, contextTokens } = given;
  const prompt = await buildPrompt({
    systemPrompt: conversation.systemPrompt ?? deps.settings.systemPrompt,
    branch: readPromptBranch(deps.storage, live, round.tools !== undefined),
    files: {
      store: deps.storage.files,
      takesImages: toTakesImages(deps.settings, live.run.model),
      imageBytesMax: deps.settings.promptImageBytesMax,
    },
    toContext: knowledge.toContext,
    budgetTokens:
      contextTokens - countSpoken(live, round) - Math.min(answerTokensMax, Math.floor(contextTokens / 4)),
  });
  if (prompt.cutAt !== undefined) {
    const { messagesKept, cutAt } = prompt;
    live.append({ type: "context-cut", firstMessageId: cutAt, messagesKept, contextTokens });
  }
  return prompt;
}

/** What stands behind the prompt: the answer so far, or the calls of tools and what came of them. */
function countSpoken({ repeated }: LiveRun, { exchange }: Round): number {
  return estimateTokens(exchange.length === 0 ? repeated.content : JSON.stringify(exchange));
}

function toRequest(
  deps: ExecuteRunDeps,
  live: LiveRun,
  given: { conversation: Conversation; round: Round; prompt: Prompt },
) {
  const { conversation, round, prompt } = given;
  const { apiKeySealed } = conversation;
  const spoken = toSpoken(live, round);
  return {
    id: live.run.id,
    model: live.run.model,
    messages: [...prompt.messages, ...round.exchange],
    ...(spoken === "" ? {} : { spoken }),
    ...(round.tools === undefined ? {} : { parameters: { tools: round.tools } }),
    ...(apiKeySealed === null
      ? {}
      : { providerKey: deps.sealBox.open(apiKeySealed, toKeyPlace(conversation.id)) }),
  };
}

/** What the answer goes on with: once tools were called, that stands in the exchange. */
function toSpoken({ repeated }: LiveRun, { exchange }: Round): string {
  return exchange.length === 0 ? repeated.content : "";
}

function toTakesImages({ takesImages = {} }: RunSettings, model: string): boolean {
  return Object.hasOwn(takesImages, model) ? takesImages[model] !== false : true;
}

/** The end of an answer that is whole. */
export function toDone(outcome: ChatOutcome): TerminalEvent {
  return {
    type: "run-done",
    // A provider may say anything.
    finishReason: outcome.finishReason.slice(0, finishReasonCharsMax),
    model: outcome.model.slice(0, modelCharsMax),
    ...(outcome.usage === undefined ? {} : { usage: outcome.usage }),
  };
}

/** The end of an answer that broke off, or was ended. */
export function toEnding(live: LiveRun, error: unknown): TerminalEvent {
  switch (live.endReason) {
    case "stop":
    case "discard":
      return { type: "run-stop" };
    case "shutdown":
      return { type: "run-interrupt" };
    case "expire":
      return toRunError(
        new DomainError("upstream_timeout", "The answer took longer than an answer may take."),
      );
    case undefined:
      return toRunError(findDomainError(error) ?? new DomainError("internal", undefined, { cause: error }));
  }
}

function toRunError(error: DomainError): Extract<RunEvent, { type: "run-error" }> {
  return {
    type: "run-error",
    code: error.code,
    message: toPublicMessage(error),
    retryable: errorCodes[error.code].retryable,
  };
}
