import type { RunEvent, ToolCallView } from "@llm-backend/contract";

type ToolEvent = Extract<RunEvent, { type: "tool-call" | "tool-permission" | "tool-result" }>;

/** The calls that the events of a run tell of, in the order in which they were made. */
export function toToolCalls(events: Iterable<RunEvent>): ToolCallView[] {
  const calls = new Map<string, ToolCallView>();
  for (const event of events) {
    if (event.type === "tool-call") {
      const { callId, name } = event;
      const open = { state: "open", failure: null, text: null, ms: null } as const;
      calls.set(callId, { callId, name, arguments: event.arguments, ...open });
    } else if (event.type === "tool-result") {
      const call = calls.get(event.callId);
      if (call !== undefined) calls.set(event.callId, { ...call, ...toOutcome(event) });
    }
  }
  return [...calls.values()];
}

/** What the stored log of an ended run tells of calls. */
export function readStoredToolEvents(log: string | null): ToolEvent[] {
  // Most answers call nothing, and need no parsing.
  if (log === null || !log.includes('"tool-call"')) return [];
  const entries = JSON.parse(log) as (ToolEvent | object)[];
  return entries.filter((entry): entry is ToolEvent => "callId" in entry);
}

function toOutcome({ ok, text, ms, failure }: Extract<RunEvent, { type: "tool-result" }>) {
  return { state: ok ? "done" : "failed", failure: failure ?? null, text, ms } as const;
}
