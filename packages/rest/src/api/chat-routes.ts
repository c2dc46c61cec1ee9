import { randomUUID } from "node:crypto";
import { DomainError } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";
import { z } from "zod";
import { readFrameId } from "./frame-id.ts";
import { readPathId } from "./path-id.ts";
import type { OpenedRun, StreamRoute } from "./route.ts";

const params = { conversation_id: { description: "The conversation's id", schema: z.int() } };
const lastEventIdHeader = "The id of the last frame that arrived: the stream continues right behind it";

/** What callers of the chat stream know as "no answer could be started". */
const statuses = {
  upstream_rejected: 502,
  upstream_rate_limited: 503,
  model_not_found: 503,
  quota_exceeded: 503,
} as const;

const errors = {
  400: "The id is no integer, or the body is not valid",
  401: "No valid token",
  404: "There is no such conversation of yours",
  409: "The Idempotency-Key or the Last-Event-ID belongs to another message, or too many answers are waiting",
  429: "Too many answers at once",
  500: "The answer could not be started",
  502: "No upstream could answer",
  503: "No upstream can answer now",
  504: "No upstream answered in time",
};

/** Asking, and following the answer. */
export const chatRoutes: readonly StreamRoute[] = [
  {
    kind: "stream",
    method: "POST",
    path: "/api/chat/:conversation_id",
    access: "user",
    group: "Chat",
    summary: "Sends a message and streams the answer",
    params,
    headers: {
      "Last-Event-ID": lastEventIdHeader,
      "Idempotency-Key":
        "Made by you, once for each message: the same key again joins the answer that it started",
    },
    body: z.object({ message: z.string() }),
    statuses,
    errors,
    async open(caller, request) {
      const conversationId = readPathId(request.params.conversation_id);
      const lastEventId = request.header("last-event-id");
      const message = request.body.message as string;
      if (lastEventId !== undefined) return resume(caller, { conversationId, lastEventId, message });
      const events = await caller.chat.stream({
        conversationId,
        requestId: request.header("idempotency-key") ?? `rest-${randomUUID()}`,
        message,
      });
      return { events, lastEventId: undefined };
    },
  },
  {
    kind: "stream",
    method: "GET",
    path: "/api/chat/:conversation_id",
    access: "user",
    group: "Chat",
    summary: "Streams the newest answer, from its beginning or from where the caller was cut off",
    params,
    headers: { "Last-Event-ID": lastEventIdHeader },
    statuses,
    errors,
    async open(caller, request) {
      const conversationId = readPathId(request.params.conversation_id);
      const lastEventId = request.header("last-event-id");
      if (lastEventId !== undefined) return resume(caller, { conversationId, lastEventId });
      const { messages } = await caller.conversation.history({ conversationId, limit: 1 });
      const runId = messages[0]?.run?.runId;
      if (runId === undefined) throw new DomainError("not_found", "This conversation has no answer yet.");
      return { events: await caller.chat.follow({ runId }), lastEventId: undefined };
    },
  },
];

async function resume(
  caller: Caller,
  given: { conversationId: number; lastEventId: string; message?: unknown },
): Promise<OpenedRun | undefined> {
  const frame = readFrameId(given.lastEventId);
  if (frame === undefined) {
    throw new DomainError("invalid_input", "Last-Event-ID: is not the id of a frame of this stream.");
  }
  const run = await caller.chat.get({ runId: frame.runId });
  if (run.conversationId !== given.conversationId) {
    throw new DomainError("not_found", "There is no such answer.");
  }
  await requireSameMessage(caller, { ...given, messageId: run.userMessageId });
  if (frame.isLast) return undefined;
  const { runId, eventId: lastEventId } = frame;
  return { events: await caller.chat.follow({ runId, lastEventId }), lastEventId };
}

/** A caller that sends a new message with the id of an old frame would be shown the old answer, and its message lost. */
async function requireSameMessage(
  caller: Caller,
  given: { conversationId: number; messageId: string | null; message?: unknown },
): Promise<void> {
  const { conversationId, messageId, message } = given;
  if (message === undefined || messageId === null) return;
  const page = await caller.conversation.history({ conversationId, cursor: messageId, limit: 1 });
  if (page.messages[0]?.content === message) return;
  throw new DomainError("conflict", "Last-Event-ID: belongs to the answer to another message.");
}
