import type { AttemptReport } from "@llm-backend/gateway";
import type { RecordAttempt } from "@llm-backend/storage";
import { toStoredLine } from "./stored-text.ts";

/** Whole milliseconds; null where there are none. */
export function toWholeMs(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}

/** An attempt as it is stored. */
export function toAttempt(report: AttemptReport): RecordAttempt {
  return {
    upstream: report.upstream,
    upstreamId: report.upstreamId,
    keyLast4: report.keyLast4 ?? null,
    model: report.model,
    outcome: report.outcome,
    status: report.status ?? null,
    message: report.message === undefined ? null : toStoredLine(report.message),
    connectMs: toWholeMs(report.connectMs),
    firstByteMs: toWholeMs(report.firstByteMs),
    firstTokenMs: toWholeMs(report.firstTokenMs),
    totalMs: Math.round(report.totalMs),
  };
}
