import { DomainError, findDomainError, type TerminalEvent } from "@llm-backend/contract";
import type { Gateway } from "@llm-backend/gateway";
import type { Run, Storage } from "@llm-backend/storage";
import { createLiveRun, type LiveRun } from "../chat/live-run.ts";
import { readEvents, toAnswerText } from "../chat/run-log.ts";
import { estimateQuestionTokens } from "../chat/token-estimate.ts";
import type { NewId } from "../identity/new-id.ts";
import { readTitle, toTitlePrompt } from "./title-prompt.ts";

/** What the service stands on. */
export type TitleServiceDeps = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly newId: NewId;
  readonly now: () => number;
  /** The model that is asked; undefined: none is, and titles stay as the first words made them. */
  readonly model: string | undefined;
  /** Writes what a title has cost into the books, as that of any answer. */
  readonly onEnded: (live: LiveRun, ending: TerminalEvent) => void;
  readonly onInternalError: (error: unknown) => void;
};

/** Titles made by a model, behind the first answer of a conversation. */
export type TitleService = {
  /** To be told of every run that has ended. Returns at once, and never throws. */
  noteEnded(run: Run, ending: TerminalEvent): void;
  /** Gives up what is under way. */
  close(): Promise<void>;
};

const clockMs = 30_000;
/** A title is a few words; a model that thinks first needs some more. */
const tokensMax = 256;
/** More titles at once are not made: they are worth less than the answers that they would hold up. */
const openMax = 16;

/** Creates the service. */
export function createTitleService(deps: TitleServiceDeps): TitleService {
  const { model } = deps;
  const open = new Set<Promise<void>>();
  const closing = new AbortController();
  return {
    noteEnded(run, ending) {
      // An answer that is made again, or goes on, has no message of its own: the title was made with the first.
      if (model === undefined || ending.type !== "run-done" || run.userMessageId === null) return;
      if (open.size >= openMax || closing.signal.aborted) return;
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(clockMs)]);
      const making = nameConversation(deps, { run, model, signal })
        .catch(deps.onInternalError)
        .finally(() => open.delete(making));
      open.add(making);
    },
    async close() {
      closing.abort();
      await Promise.all(open);
    },
  };
}

async function nameConversation(
  deps: TitleServiceDeps,
  given: { run: Run; model: string; signal: AbortSignal },
): Promise<void> {
  const { run } = given;
  const exchange = await readFirstExchange(deps.storage, run);
  if (exchange === undefined) return;
  const title = readTitle(await ask(deps, given, exchange));
  if (title === "") return;
  await deps.storage.transaction(async (tx) => {
    const current = await tx.conversations.find(run.conversationId, run.userId);
    // What its user has called it meanwhile stays. And it was not changed by its user now: its time stands.
    if (current?.titleSource !== "words") return;
    await tx.conversations.update(run.conversationId, run.userId, { title, titleSource: "model" });
  });
}

/** Question and answer, where they are the first of a conversation that a model may name. */
async function readFirstExchange(
  storage: Storage,
  run: Run,
): Promise<{ question: string; answer: string } | undefined> {
  const conversation = await storage.conversations.find(run.conversationId, run.userId);
  // Whoever brought a key of their own chose who reads the conversation: no other provider does.
  if (conversation?.titleSource !== "words" || conversation.apiKeySealed !== null) return undefined;
  const question = await storage.messages.find(run.userMessageId ?? "", run.conversationId);
  const answer = await storage.messages.find(run.assistantMessageId, run.conversationId);
  if (question === undefined || question.parentId !== null || answer === undefined) return undefined;
  return { question: question.content, answer: answer.content };
}

/** Asks for a title. A failure is in the books, and makes no title. */
async function ask(
  deps: TitleServiceDeps,
  given: { run: Run; model: string; signal: AbortSignal },
  exchange: { question: string; answer: string },
): Promise<string> {
  const id = deps.newId.text("run");
  const run: Run = {
    ...given.run,
    id,
    requestId: id,
    model: given.model,
    onDisconnect: "continue",
    createdAt: deps.now(),
  };
  const live = createLiveRun(run, () => undefined);
  const messages = toTitlePrompt(exchange.question, exchange.answer);
  live.noteAsked(estimateQuestionTokens(messages));
  let ending: TerminalEvent;
  try {
    const outcome = await deps.gateway.chat(
      {
        id,
        model: given.model,
        messages,
        parameters: { max_tokens: tokensMax },
      },
      {
        signal: given.signal,
        onParts(parts) {
          for (const part of parts) live.append(part);
        },
        onReset: () => live.append({ type: "answer-reset" }),
      },
    );
    const { finishReason, usage } = outcome;
    ending = {
      type: "run-done",
      finishReason,
      model: outcome.model,
      ...(usage === undefined ? {} : { usage }),
    };
  } catch (error) {
    const { code, message } =
      findDomainError(error) ?? new DomainError("internal", undefined, { cause: error });
    ending = { type: "run-error", code, message, retryable: false };
  }
  deps.onEnded(live, ending);
  return ending.type === "run-done" ? toAnswerText(readEvents(live.log)).content : "";
}
