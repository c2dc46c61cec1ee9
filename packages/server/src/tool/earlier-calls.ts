import type { ToolCallView, WireMessage } from "@llm-backend/contract";
import type { Message, Repositories } from "@llm-backend/storage";
import { estimateTokens } from "../chat/token-estimate.ts";
import { toWireCall } from "./checked-call.ts";
import { readStoredToolEvents, toToolCalls } from "./tool-events.ts";

/** Of what tools answered before, so much is shown again: it has been read once, and has gone into an answer. */
const resultCharsMax = 2000;
const unfinished = "The call was not finished.";

/** The calls that were made for some answers, by message: as their runs tell, or as they were taken over without. */
export async function readEarlierCalls(
  from: Pick<Repositories, "runs">,
  messages: readonly Message[],
): Promise<ReadonlyMap<string, readonly ToolCallView[]>> {
  const calls = new Map<string, readonly ToolCallView[]>();
  for (const { id, toolCalls } of messages) if (toolCalls !== undefined) calls.set(id, toolCalls);
  for (const run of await from.runs.listByIds(messages.flatMap(({ runId }) => runId ?? [])))
    calls.set(run.assistantMessageId, toToolCalls(readStoredToolEvents(run.log)));
  return calls;
}

/** What the calls of an answer cost in a prompt. */
export function estimateEarlierCalls(calls: readonly ToolCallView[] = []): number {
  return calls.length === 0 ? 0 : estimateTokens(JSON.stringify(toExchange(calls)));
}

/** Puts calls, with what came of them, in front of the answers that they were made for. */
export function withEarlierCalls(
  messages: readonly WireMessage[],
  callsOf: (index: number) => readonly ToolCallView[] | undefined,
): WireMessage[] {
  let count = 0;
  return messages.flatMap((message, index) => {
    const calls = callsOf(index) ?? [];
    // Ids are unique in their answers only. Nine letters and digits is what the strictest provider takes.
    const numbered = calls.map((call) => ({ ...call, callId: `past${String(++count).padStart(5, "0")}` }));
    return calls.length === 0 ? [message] : [...toExchange(numbered), message];
  });
}

function toExchange(calls: readonly ToolCallView[]): WireMessage[] {
  return [
    { role: "assistant", content: "", tool_calls: calls.map(toWireCall) },
    ...calls.map(({ callId, text }): WireMessage => ({
      role: "tool",
      tool_call_id: callId,
      content: (text ?? unfinished).slice(0, resultCharsMax).toWellFormed(),
    })),
  ];
}
