import { isFields } from "../failure/provider-error.ts";
import type { ToolPiece } from "./tool-call-buffer.ts";

type Fields = Readonly<Record<string, unknown>>;

const none: readonly ToolPiece[] = [];

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** Ollama and others send arguments as the object that they are. */
function toArguments(value: unknown): string {
  if (typeof value === "string") return value;
  return isFields(value) ? JSON.stringify(value) : "";
}

/** Reads the pieces of calls in a delta, or the calls of a whole message. Whatever it does not understand is absent. */
export function readToolPieces(said: Fields, isWhole: boolean): readonly ToolPiece[] {
  const { tool_calls: calls } = said;
  if (!Array.isArray(calls) || calls.length === 0) return none;
  return calls.filter(isFields).map((call, place) => {
    const { index } = call;
    const of: Fields = isFields(call["function"]) ? call["function"] : {};
    const numbered =
      typeof index === "number" && Number.isSafeInteger(index) && index >= 0 ? index : undefined;
    return {
      // In a whole message each entry is a call of its own.
      index: isWhole ? place : numbered,
      id: textOf(call["id"]),
      name: textOf(of["name"]),
      arguments: toArguments(of["arguments"]),
    };
  });
}
