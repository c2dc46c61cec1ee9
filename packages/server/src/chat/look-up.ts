import { findDomainError, toPublicMessage, type CitationsEvent } from "@llm-backend/contract";
import type { FoundPassage, FoundPassages } from "@llm-backend/knowledge";
import type { Conversation, Storage } from "@llm-backend/storage";
import { toNotice } from "../knowledge/search-notice.ts";
import { toContextMessage, toExcerpt } from "../knowledge/to-context-message.ts";
import { findAnswered } from "./answered-message.ts";
import { toCitations } from "./citations.ts";
import type { LiveRun } from "./live-run.ts";
import { estimateMessageTokens, estimateTokens } from "./token-estimate.ts";

/** A question that is looked up. */
export type LookUpAsk = {
  readonly userId: number;
  readonly baseIds: readonly string[];
  readonly text: string;
  /** How many passages; undefined: as many as the configuration says. */
  readonly topK: number | undefined;
};

/** How questions are looked up. */
export type LookUps = {
  /**
   * The passages of an answer, best first. Bases that the user may not read (any more) are left out.
   *
   * @throws DomainError as the embedding model's upstream does; the abort's reason after an abort.
   */
  find(ask: LookUpAsk, options: { readonly signal: AbortSignal }): Promise<FoundPassages>;
  /** The most tokens that passages may have in one prompt. */
  readonly contextTokensMax: number;
};

/** What looking up stands on. */
export type LookUpDeps = {
  readonly storage: Storage;
  /** Undefined: there are no knowledge bases. */
  readonly lookUps?: LookUps | undefined;
  readonly onInternalError: (error: unknown) => void;
};

/** What an answer is given to read. */
export type Knowledge = {
  /**
   * The message that stands in front of the question, with as many of the best passages as may be; undefined: there is
   * none. What is in it is told to the run's followers, again where it has become less.
   */
  readonly toContext: (budgetTokens: number) => string | undefined;
};

/** Of what a prompt may have, passages take no more than this part: the rest is the conversation's. */
const promptShareMax = 0.5;
const noKnowledge: Knowledge = { toContext: () => undefined };
const tooLong = "What was found does not fit into the model's context.";

/**
 * Looks the question of a run up, where its request or its conversation says so. What fails is told in an event, and the
 * answer is given without.
 *
 * @throws the abort's reason when the run is ended.
 */
export async function lookUp(
  deps: LookUpDeps,
  live: LiveRun,
  conversation: Conversation,
): Promise<Knowledge> {
  const { lookUps } = deps;
  const baseIds = live.lookUp?.knowledgeBaseIds ?? conversation.knowledgeBaseIds;
  if (lookUps === undefined || baseIds.length === 0) return noKnowledge;
  const question = await findAnswered(deps.storage, live.run);
  // A message that is files alone asks nothing that could be found.
  if (question?.role !== "user" || question.content === "") return noKnowledge;
  const topK = live.lookUp?.topK ?? conversation.topK ?? undefined;
  const ask = { userId: live.run.userId, baseIds, text: question.content, topK };
  try {
    const found = await lookUps.find(ask, { signal: live.signal });
    return toKnowledge(live, found, lookUps.contextTokensMax);
  } catch (error) {
    live.signal.throwIfAborted();
    const known = findDomainError(error);
    if (known === undefined || known.code === "internal") deps.onInternalError(error);
    const message = known === undefined ? "The documents could not be searched." : toPublicMessage(known);
    live.append({ type: "citations", outcome: "failed", message, citations: [] });
    return noKnowledge;
  }
}

function toKnowledge(
  live: LiveRun,
  { passages: found, failure }: FoundPassages,
  tokensMax: number,
): Knowledge {
  const notice = failure && toNotice(failure);
  let told: number | undefined;
  return {
    toContext(budgetTokens) {
      const most = Math.min(tokensMax, Math.floor(budgetTokens * promptShareMax));
      const fitting = fitPassages(found, most);
      if (told === undefined || fitting.length < told) live.append(toEvent(found, fitting, notice));
      told = fitting.length;
      return toContextMessage(fitting);
    },
  };
}

/** As many of the best passages as fit. */
export function fitPassages(found: readonly FoundPassage[], tokensMax: number): readonly FoundPassage[] {
  const [first] = found;
  if (first === undefined) return [];
  const bare = estimateMessageTokens({ content: toContextMessage([first]) ?? "" });
  let left = tokensMax - bare + estimateTokens(toExcerpt(first, 1));
  const end = found.findIndex((passage, index) => {
    left -= estimateTokens(toExcerpt(passage, index + 1)) + 1;
    return left < 0;
  });
  return end === -1 ? found : found.slice(0, end);
}

function toEvent(
  found: readonly FoundPassage[],
  fitting: readonly FoundPassage[],
  notice: string | undefined,
): CitationsEvent {
  const outcome = fitting.length > 0 ? "found" : "nothing";
  const message = fitting.length === 0 && found.length > 0 ? tooLong : notice;
  return {
    type: "citations",
    outcome,
    ...(message !== undefined && { message }),
    citations: toCitations(fitting),
  };
}
