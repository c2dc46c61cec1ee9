import { isFields } from "../failure/provider-error.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A whole message as the delta that brings all of it: tool calls are numbered in a stream. */
export function toDelta(message: Fields): Fields {
  const { tool_calls: calls } = message;
  if (!Array.isArray(calls)) return message;
  return {
    ...message,
    tool_calls: calls.map((call: unknown, index) => (isFields(call) ? { index, ...call } : call)),
  };
}
