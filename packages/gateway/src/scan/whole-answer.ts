import type { Usage } from "@llm-backend/contract";
import type { AnswerFault } from "../answer/answer-format.ts";
import type { ForwardCall } from "../forward/forward-ports.ts";

/** What an answer in one piece holds. */
export type WholeAnswer = {
  /** Why it is no answer: no JSON, an error inside of a 200, nothing in it. Undefined: it is complete. */
  readonly fault: AnswerFault | undefined;
  readonly usage: Usage | undefined;
  readonly model: string | undefined;
  readonly finishReason: string | undefined;
  /** The text of the first choice. */
  readonly text: string;
  /** Code points of text and reasoning in all choices. */
  readonly textChars: number;
  readonly hasToolCalls: boolean;
};

/** Judges the body of an answer with status 200 that was not streamed. Of the kind `other`, any JSON without an error is an answer. */
export function judgeWhole(bytes: Buffer, kind: ForwardCall["kind"]): WholeAnswer {
  throw new Error(`not yet: ${bytes.length} ${kind}`);
}
