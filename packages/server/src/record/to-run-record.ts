import { errorCodes, toRecordId, type ErrorCode, type TerminalEvent } from "@llm-backend/contract";
import type { RecordEntry } from "@llm-backend/storage";
import type { RunFacts } from "./record-facts.ts";
import type { RecordSettings } from "./record-settings.ts";
import { toStoredLine } from "./stored-text.ts";
import { toAttempt, toWholeMs } from "./to-attempt.ts";
import { toUsageFields } from "./to-usage-fields.ts";

/**
 * The record of an answer of a conversation. It has the run's id with another prefix, so that each leads to the other,
 * and no bodies: what was said stands in the conversation, and goes when that is deleted.
 */
export function toRunRecord(facts: RunFacts, settings: RecordSettings): RecordEntry {
  const { run, ending, attempts } = facts;
  const error = toError(ending);
  // The last one that said something; an answer that was stopped has it as well.
  const answered = attempts.findLast((attempt) => attempt.firstTokenMs !== undefined);
  return {
    record: {
      id: toRecordId(run.id),
      at: run.createdAt,
      clientIp: null,
      host: settings.hostname,
      method: null,
      path: null,
      kind: "run",
      model: run.model,
      modelAnswered: ending.type === "run-done" ? toStoredLine(ending.model, 256) : (answered?.model ?? null),
      upstream: answered?.upstream ?? null,
      upstreamId: answered?.upstreamId ?? null,
      status: error === undefined ? 200 : errorCodes[error.code].status,
      userAgent: null,
      isStreamed: true,
      finishReason: ending.type === "run-done" ? toStoredLine(ending.finishReason, 64) : null,
      firstByteMs: toWholeMs(facts.firstByteMs),
      elapsedMs: Math.max(0, Math.round(facts.endedAt - run.createdAt)),
      errorCode: error?.code ?? null,
      errorMessage: error === undefined ? null : toStoredLine(error.message),
      keyId: null,
      keyName: null,
      userId: run.userId,
      runId: run.id,
      messageId: run.assistantMessageId,
      attemptCount: attempts.length,
      requestBytes: null,
      answerChars: null,
      voice: null,
      ...toUsageFields(facts.charge, ending.type === "run-done" ? ending.usage : undefined),
    },
    attempts: attempts.map(toAttempt),
    bodies: null,
  };
}

function toError(ending: TerminalEvent): { code: ErrorCode; message: string } | undefined {
  switch (ending.type) {
    case "run-done":
      return undefined;
    case "run-stop":
      return { code: "cancelled", message: "The answer was stopped." };
    case "run-interrupt":
      return { code: "shutting_down", message: "The server ended before the answer did." };
    case "run-error":
      return ending;
  }
}
