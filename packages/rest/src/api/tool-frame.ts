import type { EventId, RunEvent } from "@llm-backend/contract";
import type { Frame } from "./frame-form.ts";

/** The frame of an event that is about a tool; undefined for all others. */
export function toToolFrame(event: RunEvent, id: EventId): Frame | undefined {
  switch (event.type) {
    case "tool-call":
      return toFrame("tool_call", id, {
        name: event.name,
        arguments: event.arguments,
        call_id: event.callId,
      });
    case "tool-permission":
      return toFrame("tool_permission", id, {
        name: event.name,
        call_id: event.callId,
        wait_ms: event.waitMs,
      });
    case "tool-result": {
      const { ok, text, ms, failure = null } = event;
      return toFrame("tool_result", id, { call_id: event.callId, ok, text, ms, failure });
    }
    default:
      return undefined;
  }
}

function toFrame(name: Frame["event"], id: EventId, data: object): Frame {
  return { event: name, data: JSON.stringify(data), id };
}
