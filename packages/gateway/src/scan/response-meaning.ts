import type { Usage } from "@llm-backend/contract";
import { readUsage } from "../answer/usage.ts";
import { isFields, readProviderError, type ProviderError } from "../failure/provider-error.ts";
import type { ChoiceMeaning, FrameMeaning } from "./frame-meaning.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Events whose `delta` is a piece of the answer, and what it is a piece of. */
const deltas: Readonly<Record<string, "text" | "reasoning" | "toolText" | "media">> = {
  "response.output_text.delta": "text",
  "response.refusal.delta": "text",
  "response.reasoning_text.delta": "reasoning",
  "response.reasoning_summary_text.delta": "reasoning",
  "response.function_call_arguments.delta": "toolText",
  "response.custom_tool_call_input.delta": "toolText",
  "response.mcp_call_arguments.delta": "toolText",
  "response.code_interpreter_call_code.delta": "toolText",
  "response.audio.delta": "media",
  "response.audio.transcript.delta": "text",
};
const reasons: Readonly<Record<string, string>> = { max_output_tokens: "length", max_tokens: "length" };
const failed: ProviderError = { message: "the response failed", kind: "server_error", status: undefined };

const nothing: ChoiceMeaning = {
  index: 0,
  text: "",
  reasoning: "",
  toolText: "",
  hasToolCalls: false,
  hasMedia: false,
  hasRole: false,
  isWhole: false,
  finishReason: undefined,
  error: undefined,
};

/** Reads the usage of a response: other names for the same counts. */
export function readResponseUsage(value: unknown): Usage | undefined {
  if (!isFields(value)) return undefined;
  return readUsage({
    prompt_tokens: value["input_tokens"],
    completion_tokens: value["output_tokens"],
    prompt_tokens_details: value["input_tokens_details"],
    completion_tokens_details: value["output_tokens_details"],
  });
}

/** Why a whole response ended, in the words of chats; undefined while it has not. */
function readResponseEnd(response: Fields): string | undefined {
  if (response["status"] === "completed") return "stop";
  if (response["status"] !== "incomplete") return undefined;
  const details = response["incomplete_details"];
  const reason = isFields(details) ? String(details["reason"]) : "incomplete";
  return reasons[reason] ?? reason;
}

/** What a whole response says of its failure. */
export function readResponseError(response: Fields): ProviderError | undefined {
  const { status } = response;
  if (status !== "failed" && status !== "cancelled") return readProviderError(response);
  return readProviderError(response) ?? { ...failed, kind: status };
}

const isToolItem = (item: unknown): boolean =>
  isFields(item) && typeof item["type"] === "string" && item["type"].endsWith("_call");

function readDelta(type: string, fields: Fields): ChoiceMeaning {
  const as = deltas[type];
  const delta = typeof fields["delta"] === "string" ? fields["delta"] : "";
  if (as === undefined) {
    const isMedia = type === "response.image_generation_call.partial_image";
    return { ...nothing, hasMedia: isMedia, hasToolCalls: isToolItem(fields["item"]) };
  }
  if (as === "media") return { ...nothing, hasMedia: delta !== "" };
  return { ...nothing, [as]: delta, hasToolCalls: as === "toolText" };
}

/** The text of a whole response, the calls in it, and how it ended. */
export function readWholeResponse(response: Fields): ChoiceMeaning {
  const items: Fields[] = Array.isArray(response["output"]) ? response["output"].filter(isFields) : [];
  const parts = items.flatMap(({ content }): unknown[] => (Array.isArray(content) ? content : []));
  const texts = parts.map((part) => isFields(part) && (part["text"] ?? part["refusal"]));
  return {
    ...nothing,
    text: texts.filter((text) => typeof text === "string").join(""),
    hasToolCalls: items.some(isToolItem),
    isWhole: true,
    finishReason: readResponseEnd(response),
  };
}

const endings = new Set([
  "response.completed",
  "response.incomplete",
  "response.failed",
  "response.cancelled",
]);

/** Reads a parsed event of the Responses API. */
export function readResponseMeaning(value: unknown): FrameMeaning {
  const fields: Fields = isFields(value) ? value : {};
  const type = typeof fields["type"] === "string" ? fields["type"] : "";
  const response: Fields = isFields(fields["response"]) ? fields["response"] : {};
  const isEnd = endings.has(type);
  const ended = { ...response, status: type.slice("response.".length) };
  const usage = readResponseUsage(response["usage"]);
  return {
    isKnown: type !== "",
    choices: [isEnd ? readWholeResponse(ended) : readDelta(type, fields)],
    model: typeof response["model"] === "string" && response["model"] !== "" ? response["model"] : undefined,
    usage,
    hasUsage: usage !== undefined,
    error: isEnd ? readResponseError(ended) : readProviderError(value),
    isEnd,
  };
}
