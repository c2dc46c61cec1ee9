import type { CitationsEvent, EventId } from "@llm-backend/contract";
import type { Frame } from "./frame-form.ts";

/** The frame of what an answer was given to read. */
export function toCitationFrame(event: CitationsEvent, id: EventId): Frame {
  const citations = event.citations.map(({ baseId, documentId, documentName, passageId, ...rest }) => ({
    number: rest.number,
    kb_id: baseId,
    doc_id: documentId,
    doc_name: documentName,
    passage_id: passageId,
    start: rest.start,
    end: rest.end,
    headings: rest.headings,
    page: rest.page,
    score: rest.score,
  }));
  const { outcome, message } = event;
  const data = { outcome, ...(message !== undefined && { message }), citations };
  return { event: "citations", data: JSON.stringify(data), id };
}
