import { DomainError, integerIdSchema, type SearchKnowledgeInput } from "@llm-backend/contract";
import { z } from "zod";
import { chatErrors, chatStatuses, hasRequestId, readRequestId, requestHeaders } from "./chat-route-parts.ts";
import { openStarted } from "./open-started.ts";
import { docId, done, kbId, ragErrors, ragRow, readKbId } from "./rag-parts.ts";
import { resumeRun } from "./resume-run.ts";
import type { JsonRoute, StreamRoute } from "./route.ts";

const topK = z.int().optional().meta({ description: "How many passages: 1 to 50" });
const usualTopK = 5;

const retrieveRoute: JsonRoute = {
  ...ragRow,
  kind: "json",
  method: "POST",
  path: "/api/rag/retrieve",
  summary: "The passages that answer a question, best first",
  body: z.object({ kb_id: kbId, query: z.string(), top_k: topK }),
  status: 200,
  answer: z.object({
    ...done,
    results: z.array(
      z.object({
        content: z.string(),
        score: z.number(),
        doc_id: docId,
        doc_name: z.string(),
        passage_id: z.int(),
        start: z.int().meta({ description: "Where it stands in the document's text, in UTF-16 units" }),
        end: z.int(),
        headings: z.array(z.string()),
        page: z.int().nullable(),
        highlights: z.array(z.object({ start: z.int(), end: z.int() })),
      }),
    ),
  }),
  errors: {
    ...ragErrors,
    429: "You have too many searches under way",
    502: "No upstream could embed the question",
    503: "No upstream can embed it now",
  },
  async call(caller, { body: { kb_id: id, query: text, top_k: limit = usualTopK } }) {
    const baseIds = [readKbId(id)];
    const { passages } = await caller.knowledge.search({ baseIds, text, limit } as SearchKnowledgeInput);
    const results = passages.map(({ documentId, documentName, passageId, ...found }) => ({
      content: found.content,
      score: found.score,
      doc_id: documentId,
      doc_name: documentName,
      passage_id: passageId,
      start: found.start,
      end: found.end,
      headings: found.headings,
      page: found.page,
      highlights: found.highlights,
    }));
    return { success: true, message: "Retrieved successfully", results };
  },
};

const chatRoute: StreamRoute = {
  ...ragRow,
  kind: "stream",
  method: "POST",
  path: "/api/rag/chat",
  summary: "Sends a message and streams the answer, which is given what a knowledge base has for it",
  headers: requestHeaders,
  body: z.object({
    conversation_id: z.int().meta({ description: "The conversation's id" }),
    kb_id: kbId,
    message: z.string(),
    top_k: topK,
  }),
  statuses: chatStatuses,
  errors: { ...chatErrors, 404: "There is no such conversation, or knowledge base, of yours" },
  async open(caller, request) {
    const { body } = request;
    const conversationId = readConversationId(body.conversation_id);
    const message = body.message as string;
    const lastEventId = request.header("last-event-id");
    if (lastEventId !== undefined) return resumeRun(caller, { conversationId, lastEventId, message });
    const asked = {
      conversationId,
      requestId: readRequestId(request),
      message,
      knowledgeBaseIds: [readKbId(body.kb_id)],
      ...(body.top_k !== undefined && { topK: body.top_k as number }),
    };
    if (hasRequestId(request)) return openStarted(caller, await caller.chat.send(asked));
    return { events: await caller.chat.stream(asked), lastEventId: undefined };
  },
};

/** Looking questions up, and having them answered. */
export const ragSearchRoutes: readonly (JsonRoute | StreamRoute)[] = [retrieveRoute, chatRoute];

function readConversationId(value: unknown): number {
  const read = integerIdSchema.safeParse(value);
  if (read.success) return read.data;
  throw new DomainError("invalid_input", "conversation_id: is no integer.");
}
