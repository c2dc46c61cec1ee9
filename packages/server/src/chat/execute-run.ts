import {
  DomainError,
  errorCodes,
  findDomainError,
  toPublicMessage,
  type RunEvent,
  type TerminalEvent,
} from "@llm-backend/contract";
import type { ChatOutcome, Gateway } from "@llm-backend/gateway";
import type { Conversation, Message, Storage } from "@llm-backend/storage";
import { toKeyPlace } from "../conversation/conversation-service.ts";
import type { SealBox } from "../secrets/seal-box.ts";
import { readContinued } from "./continued-text.ts";
import type { LiveRun } from "./live-run.ts";
import { getContextTokens, type ModelContexts } from "./model-context.ts";
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
  /** Learns how a run ended, for the books. Must not throw. */
  readonly onEnded?: (live: LiveRun, ending: TerminalEvent) => void;
};

/** How answers are made. */
export type RunSettings = {
  /** For conversations that have no system prompt of their own. */
  readonly systemPrompt: string;
  readonly contexts: ModelContexts;
  /** No run takes longer. */
  readonly runMsMax: number;
};

const pageSize = 64;
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
  let contextTokens = getContextTokens(run.model, deps.settings.contexts);
  for (let shrinks = 0; ; shrinks++) {
    const prompt = await preparePrompt(deps, { live, conversation, contextTokens });
    try {
      return await deps.gateway.chat(toRequest(deps, { live, conversation, prompt }), {
        signal: live.signal,
        onParts(parts) {
          for (const part of parts) live.append(part);
        },
        onReset() {
          live.append({ type: "answer-reset" });
          live.repeat(live.repeated);
        },
      });
    } catch (error) {
      // Our count of tokens is an estimate, the provider's is the truth.
      const isTooLong = DomainError.is(error) && error.code === "context_too_long";
      if (!isTooLong || shrinks === shrinkTriesMax || prompt.messagesKept <= 1) throw error;
      // Half of a context that the prompt did not fill would bring the same prompt again.
      contextTokens = Math.floor(Math.min(contextTokens, prompt.tokens) / 2);
    }
  }
}

async function preparePrompt(
  deps: ExecuteRunDeps,
  given: { live: LiveRun; conversation: Conversation; contextTokens: number },
): Promise<Prompt> {
  const { live, conversation, contextTokens } = given;
  const spokenTokens = estimateTokens(live.repeated.content);
  const prompt = await buildPrompt({
    systemPrompt: conversation.systemPrompt ?? deps.settings.systemPrompt,
    branch: readBranch(deps.storage, live),
    budgetTokens: contextTokens - spokenTokens - Math.min(answerTokensMax, Math.floor(contextTokens / 4)),
  });
  if (prompt.cutAt !== undefined) {
    const { messagesKept, cutAt } = prompt;
    live.append({ type: "context-cut", firstMessageId: cutAt, messagesKept, contextTokens });
  }
  return prompt;
}

function toRequest(
  deps: ExecuteRunDeps,
  given: { live: LiveRun; conversation: Conversation; prompt: Prompt },
) {
  const { live, conversation, prompt } = given;
  const { apiKeySealed } = conversation;
  return {
    id: live.run.id,
    model: live.run.model,
    messages: prompt.messages,
    ...(live.repeated.content === "" ? {} : { spoken: live.repeated.content }),
    ...(apiKeySealed === null
      ? {}
      : { providerKey: deps.sealBox.open(apiKeySealed, toKeyPlace(conversation.id)) }),
  };
}

/** The branch that the run answers, newest first, read in pages. */
async function* readBranch(storage: Storage, { run }: LiveRun): AsyncGenerator<Message, void> {
  const answer = await storage.messages.find(run.assistantMessageId, run.conversationId);
  let next = answer?.parentId ?? null;
  while (next !== null) {
    const page = await storage.messages.listBranch(run.conversationId, { messageId: next, limit: pageSize });
    yield* page;
    next = page.at(-1)?.parentId ?? null;
  }
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
