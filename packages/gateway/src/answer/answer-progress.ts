import type { Usage } from "@llm-backend/contract";
import type { AnswerFault } from "./answer-format.ts";

/** What is known of an answer so far. */
export type AnswerProgress = {
  hasContent: boolean;
  /** `[DONE]` came, or a whole completion: nothing more follows. */
  isDone: boolean;
  finishReason: string | undefined;
  /** The finish reason came without a piece of text: only an end does. */
  finishStoodAlone: boolean;
  model: string | undefined;
  usage: Usage | undefined;
  framesMalformed: number;
  fault: AnswerFault | undefined;
};

/** What is known of an answer of which nothing has come. */
export const createProgress = (): AnswerProgress => ({
  hasContent: false,
  isDone: false,
  finishReason: undefined,
  finishStoodAlone: false,
  model: undefined,
  usage: undefined,
  framesMalformed: 0,
  fault: undefined,
});
