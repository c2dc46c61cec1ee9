import type { RunEvent } from "../wire-types.ts";

/** What an answer says so far. */
export type Answer = {
  readonly text: string;
  readonly reasoning: string;
  apply(event: RunEvent): void;
};

/** Adds up the deltas of a run; a reset makes void what came before it. */
export function createAnswer(
  shown: { text?: string | undefined; reasoning?: string | undefined } = {},
): Answer {
  let { text = "", reasoning = "" } = shown;
  return {
    get text() {
      return text;
    },
    get reasoning() {
      return reasoning;
    },
    apply(event) {
      if (event.type === "text-delta") text += event.text;
      else if (event.type === "reasoning-delta") reasoning += event.text;
      else if (event.type === "answer-reset") text = reasoning = "";
    },
  };
}
