import type { Citation, RunEvent } from "@llm-backend/contract";
import type { FoundPassage } from "@llm-backend/knowledge";

/** What the answer was given to read, as its events tell it: the last ones that told of it hold. */
export function readCitations(events: readonly RunEvent[]): readonly Citation[] {
  const last = events.findLast((event) => event.type === "citations");
  return last?.citations ?? [];
}

/** Passages as an answer cites them: numbered in their order, as the model was shown them. */
export function toCitations(found: readonly FoundPassage[]): Citation[] {
  return found.map(({ baseId, documentId, documentName, passageId, passage, score }, index) => ({
    number: index + 1,
    baseId,
    documentId,
    documentName,
    passageId,
    start: passage.start,
    end: passage.end,
    headings: [...passage.headings],
    page: passage.page ?? null,
    score,
  }));
}
