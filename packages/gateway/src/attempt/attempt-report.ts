import type { Slot } from "../pool/pool.ts";
import type { GatewayObserver } from "../ports.ts";
import type { AttemptReport } from "./attempt-ports.ts";
import type { AttemptResult } from "./attempt-result.ts";

/** Puts the end of an attempt into the words of records and metrics. */
export function toReport(
  requestId: string,
  { upstream, key, model }: Pick<Slot, "upstream" | "key" | "model">,
  result: AttemptResult,
): AttemptReport {
  const { failure, times } = result;
  return {
    requestId,
    upstream: upstream.name,
    upstreamId: upstream.id,
    // Of a short key its end would be half of it.
    keyLast4: key !== undefined && key.length >= 8 ? key.slice(-4) : undefined,
    model,
    outcome: failure?.outcome ?? "done",
    status: result.status,
    message: failure?.message,
    connectMs: times.connectMs,
    firstByteMs: times.firstByteMs,
    firstTokenMs: times.firstTokenMs,
    totalMs: times.totalMs,
    framesMalformed: result.framesMalformed,
    usage: result.usage,
  };
}

/** Tells the observer; what it throws is its own business. */
export function report(observer: GatewayObserver | undefined, attempt: AttemptReport): void {
  try {
    observer?.attemptEnded(attempt);
  } catch {
    // An observer must not be able to break an answer.
  }
}
