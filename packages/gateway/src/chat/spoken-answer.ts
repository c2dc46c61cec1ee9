import type { AnswerPart, ChatOptions } from "../ports.ts";
import { createGrowingText } from "./growing-text.ts";
import { createRepeatFilter, type RepeatFilter } from "./repeat-filter.ts";

/** What the asker has been told of an answer, over all attempts. */
export type SpokenAnswer = {
  /** Some of it has been passed on. */
  readonly hasContent: boolean;
  /** Another attempt may take the place of the one that broke. */
  readonly canBeginAgain: boolean;
  take(parts: readonly AnswerPart[]): void;
  /** The attempt broke off; the next one begins anew. */
  beginAgain(): void;
  /** The answer is complete: one that is shorter than what it stands in for takes its place as a whole. */
  finish(): void;
};

/** Creates the record of what is said; with a listener for resets it remembers all of it. */
export function createSpokenAnswer({
  onParts,
  onReset,
}: Pick<ChatOptions, "onParts" | "onReset">): SpokenAnswer {
  let sent = { text: createGrowingText(), reasoning: createGrowingText() };
  let hasContent = false;
  let filter: RepeatFilter | undefined;

  function pass(parts: readonly AnswerPart[]): void {
    if (parts.length === 0) return;
    hasContent = true;
    if (onReset !== undefined) {
      for (const { type, text } of parts) sent[type === "text-delta" ? "text" : "reasoning"].add(text);
    }
    onParts(parts);
  }

  function reset(given: readonly AnswerPart[]): void {
    filter = undefined;
    sent = { text: createGrowingText(), reasoning: createGrowingText() };
    onReset?.();
    pass(given);
  }

  return {
    get hasContent() {
      return hasContent;
    },
    canBeginAgain: onReset !== undefined,
    take(parts) {
      if (filter === undefined) return pass(parts);
      const fresh = filter.take(parts);
      if (fresh === undefined) return reset(filter.given);
      if (filter.isWhole) filter = undefined;
      pass(fresh);
    },
    beginAgain() {
      filter = hasContent
        ? createRepeatFilter({ text: sent.text.read(), reasoning: sent.reasoning.read() })
        : undefined;
    },
    finish() {
      if (filter !== undefined && !filter.isWhole) reset(filter.given);
    },
  };
}
