import { readEventId, type EventId } from "@llm-backend/contract";

/** Marks the last frame of a stream: whoever has it has everything. */
const lastMark = ".end";

/** The id of the last frame of a stream, behind the given event. */
export function toLastFrameId(eventId: string): string {
  return `${eventId}${lastMark}`;
}

/** Reads the id of a frame; undefined for anything that was not written here. */
export function readFrameId(
  id: string,
): { readonly runId: string; readonly eventId: EventId; readonly isLast: boolean } | undefined {
  const isLast = id.endsWith(lastMark);
  const eventId = isLast ? id.slice(0, -lastMark.length) : id;
  const read = readEventId(eventId);
  return read && { runId: read.runId, eventId: eventId as EventId, isLast };
}
