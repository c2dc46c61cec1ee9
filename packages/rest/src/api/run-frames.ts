import { DomainError, readEventId, type EventId, type RunEvent } from "@llm-backend/contract";
import type { Caller } from "@llm-backend/server";
import { isTrackedEnvelope } from "@trpc/server";
import { toCitationFrame } from "./citation-frame.ts";
import type { Frame } from "./frame-form.ts";
import { toLastFrameId } from "./frame-id.ts";
import type { OpenedRun } from "./route.ts";
import { toToolFrame } from "./tool-frame.ts";

/** Stands before the first frame: the model has begun, even if it only thinks yet. */
export const begin = Symbol("begin");

/**
 * The frames of a run: its pieces, then `done` and `full_response`, or `error`. The first item is `begin`; before it
 * the status of the answer is still open.
 *
 * @throws DomainError when the run ended before it had begun to answer; `conflict` when it was over before it was asked
 *   for.
 */
export async function* toFrames(
  caller: Caller,
  opened: OpenedRun,
): AsyncGenerator<typeof begin | Frame, void> {
  const { lastEventId } = opened;
  const pieces: string[] = [];
  let hasBegun = lastEventId !== undefined;
  const held: Frame[] = [];
  if (hasBegun) yield begin;
  for await (const item of opened.events) {
    const { id, event } = readTracked(item);
    // Nothing that was sent is void where nothing was sent.
    if (event.type === "answer-reset" && !hasBegun) continue;
    const failure = toFailure(event);
    if (failure !== undefined) {
      if (!hasBegun) throw toRefusal(failure, opened);
      yield { event: "error", data: failure.message, id: toLastFrameId(id) };
      return;
    }
    if (!hasBegun && isBeginning(event)) {
      hasBegun = true;
      yield begin;
    }
    // It comes before the answer begins, and nothing is sent before that.
    if (event.type === "citations") held.push(toCitationFrame(event, id));
    if (hasBegun) yield* held.splice(0);
    const frame = toFrame(event, id);
    if (frame !== undefined) yield frame;
    if (event.type === "text-delta") pieces.push(event.text);
    else if (event.type === "run-done") {
      yield await toFullResponse(caller, { opened, pieces, id });
      return;
    }
  }
  // Nothing was left behind the caller's last event: it has `done`, and lacks what comes behind it.
  if (lastEventId !== undefined) yield await toFullResponse(caller, { opened, pieces, id: lastEventId });
}

function toRefusal(failure: DomainError, { isOver = false }: OpenedRun): DomainError {
  return isOver ? toLasting(failure) : failure;
}

/** The frame of an event that has one of its own. */
function toFrame(event: RunEvent, id: EventId): Frame | undefined {
  if (event.type === "text-delta") return { event: "message", data: event.text, id };
  if (event.type === "run-done") return { event: "done", data: "Stream finished", id };
  return toToolFrame(event, id);
}

/** Inside the process an event comes as the envelope that the procedure yielded, whatever its type says. */
function readTracked(item: unknown): { id: EventId; event: RunEvent } {
  if (!isTrackedEnvelope<RunEvent>(item)) throw new DomainError("internal", "An event came without its id.");
  return { id: item[0] as EventId, event: item[1] };
}

function isBeginning({ type }: RunEvent): boolean {
  return type === "text-delta" || type === "reasoning-delta" || type === "tool-call" || type === "run-done";
}

/** The whole answer. Who joined in the middle gets it out of the history, where it is stored by now. */
async function toFullResponse(
  caller: Caller,
  given: { opened: OpenedRun; pieces: readonly string[]; id: EventId },
): Promise<Frame> {
  const { opened, pieces } = given;
  const id = toLastFrameId(given.id);
  if (opened.lastEventId === undefined) return { event: "full_response", data: pieces.join(""), id };
  const runId = readEventId(given.id)?.runId ?? "";
  const { conversationId, assistantMessageId, state } = await caller.chat.get({ runId });
  // A position behind the end of a broken answer was made up; what stands there is no whole answer all the same.
  if (state !== "done") return { event: "error", data: "The answer is not whole.", id };
  const page = await caller.conversation.history({ conversationId, cursor: assistantMessageId, limit: 1 });
  return { event: "full_response", data: page.messages[0]?.content ?? "", id };
}

/** The failure of an answer that was over already: a status that says "later" would be asked for again for ever. */
function toLasting({ message }: DomainError): DomainError {
  return new DomainError(
    "conflict",
    `${message} That was before its first word, and it stays so. To ask again, send another Idempotency-Key, or have another answer made (/api/chat/regenerate).`,
  );
}

/** Why a stream ends without an answer that is whole; undefined for what does not end it so. */
function toFailure(event: RunEvent): DomainError | undefined {
  switch (event.type) {
    case "run-error":
      return new DomainError(event.code, event.message);
    case "run-stop":
      return new DomainError("overloaded", "The answer was stopped.");
    case "run-interrupt":
      return new DomainError("shutting_down", "The answer was interrupted; what had arrived is stored.");
    case "answer-reset":
      // Bare frames cannot be taken back: what was sent is not the answer any more.
      return new DomainError("answer_truncated", "The answer was begun anew; read it in the history.");
    case "run-start":
    case "context-cut":
    case "citations":
    case "text-delta":
    case "reasoning-delta":
    case "tool-call":
    case "tool-permission":
    case "tool-result":
    case "run-done":
      return undefined;
  }
}
