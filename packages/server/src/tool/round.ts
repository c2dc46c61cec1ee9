import type { WireMessage, WireTool } from "@llm-backend/contract";
import type { ChatOptions } from "@llm-backend/gateway";
import { toDeltas } from "../chat/continued-text.ts";
import type { LiveRun } from "../chat/live-run.ts";
import type { AnswerText } from "../chat/run-log.ts";

/** One question to the model, of the one or several that an answer takes. */
export type Round = {
  /** What was called for this answer before, and what came of it. */
  readonly exchange: readonly WireMessage[];
  /** What the model may call now; undefined: it has to answer. */
  readonly tools: readonly WireTool[] | undefined;
  /** What the answer has said before this round. */
  readonly said: AnswerText;
  /** Stands between that and what this round says. */
  readonly lead: string;
};

/** The one round of an answer without tools. */
export function toOnlyRound(live: LiveRun): Round {
  return { exchange: [], tools: undefined, said: live.repeated, lead: "" };
}

/** Writes what the model says in a round into the run's log. When it begins anew, only this round is void. */
export function createRoundVoice(
  live: LiveRun,
  { said, lead }: Pick<Round, "said" | "lead">,
): Required<Pick<ChatOptions, "onParts" | "onReset">> {
  let isLed = lead === "";
  return {
    onParts(parts) {
      for (const part of parts) {
        if (!isLed && part.type === "text-delta") {
          isLed = true;
          live.append({ type: "text-delta", text: lead });
        }
        live.append(part);
      }
    },
    onReset() {
      isLed = lead === "";
      live.append({ type: "answer-reset" });
      for (const delta of toDeltas(said)) live.append(delta);
    },
  };
}
