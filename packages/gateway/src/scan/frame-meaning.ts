import type { Usage } from "@llm-backend/contract";
import { readChunk } from "../answer/chunk.ts";
import { readUsage } from "../answer/usage.ts";
import { isFields, type ProviderError } from "../failure/provider-error.ts";
import { countChars } from "./text-store.ts";

type Fields = Readonly<Record<string, unknown>>;

/** One choice in one frame. */
export type ChoiceMeaning = {
  readonly index: number;
  readonly text: string;
  readonly reasoning: string;
  /** The arguments of tool calls that came with it, joined. */
  readonly toolText: string;
  readonly hasToolCalls: boolean;
  /** Sound or a picture. */
  readonly hasMedia: boolean;
  readonly hasRole: boolean;
  /** The answer comes in one piece, in a `message` instead of a `delta`. */
  readonly isWhole: boolean;
  readonly finishReason: string | undefined;
  /** Why the choice did not finish. */
  readonly error: ProviderError | undefined;
};

/** What one frame says. */
export type FrameMeaning = {
  /** A caller can read it as a frame of this kind. */
  readonly isKnown: boolean;
  readonly choices: readonly ChoiceMeaning[];
  readonly model: string | undefined;
  readonly usage: Usage | undefined;
  /** It has a `usage` that is not null, sound or not. */
  readonly hasUsage: boolean;
  readonly error: ProviderError | undefined;
  /** It is the last one of its stream. */
  readonly isEnd: boolean;
};

const isFull = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

function readToolText(delta: Fields): string {
  const calls: unknown[] = Array.isArray(delta["tool_calls"]) ? delta["tool_calls"] : [];
  const functions = [...calls.map((call) => isFields(call) && call["function"]), delta["function_call"]];
  return functions
    .map((one) => (isFields(one) && typeof one["arguments"] === "string" ? one["arguments"] : ""))
    .join("");
}

/** A choice of a text completion reads like one of a chat whose delta is its text. */
function toChatChoice(choice: Fields, isCompletion: boolean): Fields {
  return isCompletion ? { ...choice, delta: { content: choice["text"] } } : choice;
}

function readChoice(choice: Fields): ChoiceMeaning {
  // Whatever its index is: the reader of chunks looks for the first choice.
  const chunk = readChunk({ choices: [{ ...choice, index: 0 }] });
  const { index, delta, message } = choice;
  const said: Fields = [delta, message].find(isFields) ?? {};
  return {
    index: typeof index === "number" && Number.isSafeInteger(index) && index > 0 ? index : 0,
    text: chunk?.text ?? "",
    reasoning: chunk?.reasoning ?? "",
    toolText: readToolText(said),
    hasToolCalls: isFull(said["tool_calls"]) || isFields(said["function_call"]),
    hasMedia: isFields(said["audio"]) || isFull(said["images"]),
    hasRole: typeof said["role"] === "string",
    isWhole: chunk?.isWhole === true,
    finishReason: chunk?.finishReason,
    error: chunk?.error,
  };
}

/** Groq puts usage into a field of its own. */
function readFrameUsage(fields: Fields): Usage | undefined {
  const { x_groq: groq } = fields;
  return readUsage(fields["usage"]) ?? (isFields(groq) ? readUsage(groq["usage"]) : undefined);
}

/** Reads a parsed frame of a chat or of a text completion; or a whole one, which differs in its `message` alone. */
export function readChatMeaning(value: unknown, isCompletion: boolean): FrameMeaning {
  const chunk = readChunk(value);
  const fields: Fields = isFields(value) ? value : {};
  const choices: unknown[] | undefined = Array.isArray(fields["choices"]) ? fields["choices"] : undefined;
  const read = (choices ?? [])
    .filter(isFields)
    .map((choice) => readChoice(toChatChoice(choice, isCompletion)));
  const hasUsage = isFields(fields["usage"]);
  return {
    isKnown: choices === undefined ? hasUsage : read.length === choices.length,
    choices: read,
    model: chunk?.model,
    usage: readFrameUsage(fields),
    hasUsage,
    error: chunk?.error ?? read.find((choice) => choice.error !== undefined)?.error,
    isEnd: false,
  };
}

/** Code points of text and reasoning in a frame. */
export const countText = ({ choices }: FrameMeaning): number =>
  choices.reduce((sum, { text, reasoning }) => sum + countChars(text) + countChars(reasoning), 0);

/** There is something in the choice that an answer is made of. */
export const isContent = (choice: ChoiceMeaning): boolean =>
  choice.text !== "" || choice.reasoning !== "" || choice.hasToolCalls || choice.hasMedia;
