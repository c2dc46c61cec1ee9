import type { Usage } from "@llm-backend/contract";
import type { AnswerFault } from "../answer/answer-format.ts";
import { readUsage } from "../answer/usage.ts";
import { isFields, readProviderError, type ProviderError } from "../failure/provider-error.ts";
import type { ForwardCall } from "../forward/forward-ports.ts";
import { toStreamFault } from "./event-error.ts";
import { countText, isContent, readChatMeaning } from "./frame-meaning.ts";
import { parseData } from "./frame-reader.ts";
import { readResponseError, readResponseUsage, readWholeResponse } from "./response-meaning.ts";
import { countChars } from "./text-store.ts";

type Fields = Readonly<Record<string, unknown>>;

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

const nothing: WholeAnswer = {
  fault: undefined,
  usage: undefined,
  model: undefined,
  finishReason: undefined,
  text: "",
  textChars: 0,
  hasToolCalls: false,
};

const toFault = (message: string): WholeAnswer => ({
  ...nothing,
  fault: { outcome: "protocol_error", message },
});
const noAnswer = toFault("the answer is JSON without an answer in it");
const failWith = (error: ProviderError): WholeAnswer => ({ ...nothing, fault: toStreamFault(error) });

const readModel = ({ model }: Fields): string | undefined =>
  typeof model === "string" && model !== "" ? model : undefined;

function judgeChat(value: unknown, isCompletion: boolean): WholeAnswer {
  const meaning = readChatMeaning(value, isCompletion);
  if (meaning.error !== undefined) return failWith(meaning.error);
  const { choices, model, usage } = meaning;
  const isAnswer = choices.some((choice) => isContent(choice) || choice.finishReason !== undefined);
  if (!isAnswer) return noAnswer;
  const first = choices.find(({ index }) => index === 0);
  return {
    fault: undefined,
    usage,
    model,
    finishReason: first?.finishReason,
    text: first?.text ?? "",
    textChars: countText(meaning),
    hasToolCalls: choices.some(({ hasToolCalls }) => hasToolCalls),
  };
}

/** A response that runs in the background is answered with its id and its state. */
function judgeResponse(response: Fields): WholeAnswer {
  const error = readResponseError(response);
  if (error !== undefined) return failWith(error);
  if (!Array.isArray(response["output"]) && typeof response["status"] !== "string") return noAnswer;
  const { text, finishReason, hasToolCalls } = readWholeResponse(response);
  return {
    fault: undefined,
    usage: readResponseUsage(response["usage"]),
    model: readModel(response),
    finishReason,
    text,
    textChars: countChars(text),
    hasToolCalls,
  };
}

/** Objects of the API may have an `error` that tells of something else: a job that failed is an answer. */
function judgeOther(value: unknown): WholeAnswer {
  const fields: Fields = isFields(value) ? value : {};
  const isObject =
    fields["id"] !== undefined || (fields["object"] !== undefined && fields["object"] !== "error");
  const error = isObject ? undefined : readProviderError(value);
  if (error !== undefined) return failWith(error);
  const { usage } = fields;
  return { ...nothing, usage: readUsage(usage) ?? readResponseUsage(usage), model: readModel(fields) };
}

/**
 * Judges the body of an answer with status 200 that was not streamed. Of the kind `other`, any JSON without an error is
 * an answer.
 */
export function judgeWhole(bytes: Buffer, kind: ForwardCall["kind"]): WholeAnswer {
  const value = parseData(bytes.toString());
  if (value === undefined) return toFault("the answer is no JSON");
  if (kind === "other") return judgeOther(value);
  if (kind !== "response") return judgeChat(value, kind === "completion");
  return isFields(value) ? judgeResponse(value) : noAnswer;
}
