import { DomainError, type RunEvent, type TerminalEvent } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";
import { isTrackedEnvelope } from "@trpc/server";
import type { Frame } from "./frame-form.ts";
import { toLastFrameId } from "./frame-id.ts";
import type { OpenedRun } from "./route.ts";

/** Stands before the first frame: the model has begun, even if it only thinks yet. */
export const begin = Symbol("begin");

/**
 * The frames of a run: its pieces, then `done` and `full_response`, or `error`. The first item is `begin`; before it
 * the status of the answer is still open.
 *
 * @throws DomainError when the run ended before it had begun to answer.
 */
export async function* toFrames(caller: Caller, opened: OpenedRun): AsyncGenerator<typeof begin | Frame, void> {
  const { runId, lastEventId } = opened;
  const pieces: string[] = [];
  let hasBegun = lastEventId !== undefined;
  if (hasBegun) yield begin;
  for await (const item of await caller.chat.follow({ runId, lastEventId })) {
    const { id, event } = readTracked(item);
    if (!hasBegun && isContent(event)) {
      hasBegun = true;
      yield begin;
    }
    switch (event.type) {
      case "text-delta":
        pieces.push(event.text);
        yield { event: "message", data: event.text, id };
        break;
      case "run-done":
        if (!hasBegun) yield begin;
        yield { event: "done", data: "Stream finished", id };
        yield await toFullResponse(caller, { opened, pieces, id });
        return;
      case "answer-reset":
        // Bare frames cannot be taken back: what was sent is not the answer any more.
        yield { event: "error", data: "The answer was begun anew; read it in the history.", id: toLastFrameId(id) };
        return;
      case "run-error":
      case "run-stop":
      case "run-interrupt":
        if (!hasBegun) throw toError(event);
        yield { event: "error", data: toError(event).message, id: toLastFrameId(id) };
        return;
      case "run-start":
      case "context-cut":
      case "reasoning-delta":
        break;
    }
  }
  // Nothing was left behind the caller's last event: it has `done`, and lacks what comes behind it.
  if (lastEventId !== undefined) yield await toFullResponse(caller, { opened, pieces, id: lastEventId });
}

/** Inside the process an event comes as the envelope that the procedure yielded, whatever its type says. */
function readTracked(item: unknown): { id: string; event: RunEvent } {
  if (!isTrackedEnvelope<RunEvent>(item)) throw new DomainError("internal", "An event came without its id.");
  return { id: item[0], event: item[1] };
}

function isContent(event: RunEvent): boolean {
  return event.type === "text-delta" || event.type === "reasoning-delta";
}

/** The whole answer. Who joined in the middle gets it out of the history, where it is stored by now. */
async function toFullResponse(
  caller: Caller,
  given: { opened: OpenedRun; pieces: readonly string[]; id: string },
): Promise<Frame> {
  const { opened, pieces } = given;
  const id = toLastFrameId(given.id);
  if (opened.lastEventId === undefined) return { event: "full_response", data: pieces.join(""), id };
  const { conversationId, assistantMessageId } = await caller.chat.get({ runId: opened.runId });
  const page = await caller.conversation.history({ conversationId, cursor: assistantMessageId, limit: 1 });
  return { event: "full_response", data: page.messages[0]?.content ?? "", id };
}

function toError(ending: Exclude<TerminalEvent, { type: "run-done" }>): DomainError {
  if (ending.type === "run-error") return new DomainError(ending.code, ending.message);
  if (ending.type === "run-stop") return new DomainError("overloaded", "The answer was stopped.");
  return new DomainError("shutting_down", "The answer was interrupted; what had arrived is stored.");
}
