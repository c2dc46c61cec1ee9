import type { AnswerReceiver } from "../attempt/answer-receiver.ts";
import type { AttemptReport } from "../attempt/attempt-ports.ts";
import { report, toReport } from "../attempt/attempt-report.ts";
import type { AttemptResult } from "../attempt/attempt-result.ts";
import { Attempt } from "../attempt/attempt.ts";
import type { WireRequest } from "../attempt/connections.ts";
import { toFailure, type Failure } from "../failure/failure.ts";
import type { Slot } from "../pool/pool.ts";
import type { GatewayContext } from "./gateway-context.ts";

/** One attempt, before it begins. */
export type AttemptGiven = {
  readonly requestId: string;
  readonly slot: Slot;
  readonly request: WireRequest;
  readonly receiver: AnswerReceiver;
  readonly signal: AbortSignal;
  /** How long it may take until its answer begins, whatever its clocks say. */
  readonly remainingMs: number;
  /** Learns of the attempt, so that it can hold it back. */
  readonly onStart?: (attempt: Attempt) => void;
  readonly onReport?: (report: AttemptReport) => void;
};

const cancelled: Failure = { ...toFailure("cancelled", "cancelled", "cancelled"), final: true };

/** Makes one attempt and tells the observer. The slot stays taken: it may be asked once more, in another way. */
export async function runAttempt(context: GatewayContext, given: AttemptGiven): Promise<AttemptResult> {
  const { request, receiver, signal } = given;
  const slot = withinDeadline(given.slot, given.remainingMs);
  const attempt = new Attempt(context.connections, { slot, request, receiver, limits: context.limits });
  const cancel = (): void => attempt.cancel(cancelled);
  context.running.add(attempt);
  signal.addEventListener("abort", cancel, { once: true });
  given.onStart?.(attempt);
  attempt.start();
  const result = await attempt.ended;
  signal.removeEventListener("abort", cancel);
  context.running.delete(attempt);
  const reported = toReport(given.requestId, slot, result);
  given.onReport?.(reported);
  report(context.observer, reported);
  return result;
}

/** The clocks of the stages before the answer end with the deadline at the latest. */
function withinDeadline(slot: Slot, remainingMs: number): Slot {
  const { connectMs, firstByteMs, wholeAnswerMs, firstTokenMs, idleMs } = slot.clocks;
  if (connectMs + Math.max(firstByteMs, wholeAnswerMs) + firstTokenMs <= remainingMs) return slot;
  const clip = (ms: number): number => Math.max(1, Math.min(ms, remainingMs));
  const clocks = {
    connectMs: clip(connectMs),
    firstByteMs: clip(firstByteMs),
    wholeAnswerMs: clip(wholeAnswerMs),
    firstTokenMs: clip(firstTokenMs),
    idleMs,
  };
  return { ...slot, clocks };
}

/** Gives a slot back with what its last attempt says of the upstream. */
export function endSlot(slot: Slot, { failure, times }: AttemptResult): void {
  slot.end({
    outcome: failure?.outcome ?? "done",
    message: failure?.message,
    retryAfterMs: failure?.retryAfterMs,
    firstTokenMs: times.firstTokenMs,
  });
}
