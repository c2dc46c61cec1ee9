import { DomainError } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";
import { readFrameId } from "./frame-id.ts";
import type { OpenedRun } from "./route.ts";

/**
 * Opens a run behind the last frame that its caller has; undefined when that was the last of all. `message` is what was
 * sent along: the run has to be the answer to it.
 *
 * @throws DomainError `invalid_input`, `not_found`, `conflict`
 */
export async function resumeRun(
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
