import type { ToolFailure, WireToolCall } from "@llm-backend/contract";
import type { ToolCall } from "@llm-backend/gateway";
import type { ToolInfo } from "./tool-box.ts";

/** A call as it was found to be, before anything is done about it. */
export type CheckedCall = {
  /** Unique in its run. */
  readonly callId: string;
  readonly name: string;
  /** What the model wrote, for whoever looks. */
  readonly arguments: string;
} & (
  | { readonly tool: ToolInfo; readonly input: Readonly<Record<string, unknown>> }
  | { readonly tool: undefined; readonly failure: ToolFailure; readonly reason: string }
);

/** More is no argument list but an answer in the wrong place. */
const argumentCharsMax = 100_000;
const nameCharsMax = 64;
const idPattern = /^[\w-]{1,64}$/;

/**
 * Checks a call against what the model was offered. Nothing that a model writes is taken for granted: names, ids and
 * arguments come out fit for logs, for storage, and for the next question.
 *
 * @param taken - The ids of the run so far; the call's own is added.
 */
export function checkCall(call: ToolCall, offered: readonly ToolInfo[], taken: Set<string>): CheckedCall {
  const base = {
    callId: toCallId(call.id, taken),
    name: call.name.slice(0, nameCharsMax).toWellFormed(),
    arguments: call.arguments.slice(0, argumentCharsMax).toWellFormed(),
  };
  const refuse = (failure: ToolFailure, reason: string): CheckedCall => ({
    ...base,
    tool: undefined,
    failure,
    reason,
  });
  const tool = offered.find(({ name }) => name === call.name);
  if (tool === undefined) return refuse("unknown", "There is no tool of this name.");
  if (call.arguments.length > argumentCharsMax) return refuse("invalid", "The arguments are too long.");
  const input = readInput(call.arguments);
  if (input === undefined) return refuse("invalid", "The arguments are not a JSON object.");
  return { ...base, tool, input };
}

/** The call as the next question shows it: with arguments that any provider can parse. */
export function toWireCall(call: Pick<CheckedCall, "callId" | "name" | "arguments">): WireToolCall {
  const isSound = readInput(call.arguments) !== undefined;
  return {
    id: call.callId,
    type: "function",
    function: {
      name: call.name.replaceAll(/[^\w-]/g, "_") || "unknown",
      arguments: isSound && call.arguments.trim() !== "" ? call.arguments : "{}",
    },
  };
}

/** The provider's own id where it is one; else nine letters and digits, which is what the strictest provider takes. */
function toCallId(id: string | undefined, taken: Set<string>): string {
  let callId = id ?? "";
  for (let count = taken.size + 1; !idPattern.test(callId) || taken.has(callId); count++) {
    callId = `call${String(count).padStart(5, "0")}`;
  }
  taken.add(callId);
  return callId;
}

/** Nothing at all is what many models write for a tool that takes nothing. */
function readInput(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
