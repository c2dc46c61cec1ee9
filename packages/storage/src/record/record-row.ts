import type { ErrorCode, RecordKind, UsageSource } from "@llm-backend/contract";
import type { Insertable, Selectable } from "kysely";
import type { RecordAttemptTable, RequestRecordTable } from "./record-table.ts";

/** One request, without its bodies. Times are milliseconds; `at` is the time at which it came. */
export type RequestRecord = {
  readonly id: string;
  readonly at: number;
  readonly clientIp: string | null;
  readonly host: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly kind: RecordKind;
  readonly model: string | null;
  readonly modelAnswered: string | null;
  readonly upstream: string | null;
  readonly upstreamId: string | null;
  readonly status: number;
  readonly userAgent: string | null;
  readonly isStreamed: boolean;
  readonly finishReason: string | null;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly cachedTokens: number | null;
  readonly usageSource: UsageSource;
  readonly costNanos: number | null;
  readonly firstByteMs: number | null;
  readonly elapsedMs: number;
  /** Present for everything that is no whole answer. */
  readonly errorCode: ErrorCode | null;
  readonly errorMessage: string | null;
  readonly keyId: string | null;
  readonly keyName: string | null;
  readonly userId: number | null;
  readonly runId: string | null;
  readonly messageId: string | null;
  readonly attemptCount: number;
  readonly requestBytes: number | null;
  readonly answerChars: number | null;
  /** JSON: what a voice engine sent beside OpenAI's fields, and what was done for the call. */
  readonly voice: string | null;
};

/** One attempt at one upstream, in the order in which they were made. */
export type RecordAttempt = {
  readonly upstream: string;
  readonly upstreamId: string;
  readonly keyLast4: string | null;
  readonly model: string;
  readonly outcome: string;
  readonly status: number | null;
  readonly message: string | null;
  readonly connectMs: number | null;
  readonly firstByteMs: number | null;
  readonly firstTokenMs: number | null;
  readonly totalMs: number;
};

/** What was said, as far as it is kept. */
export type RecordBodies = { readonly request: string | null; readonly answer: string | null };

/** Everything that is stored of one request. */
export type RecordEntry = {
  readonly record: RequestRecord;
  readonly attempts: readonly RecordAttempt[];
  readonly bodies: RecordBodies | null;
};

/** A stored record, and its place in the order of writing. */
export type WrittenRecord = { readonly seq: number; readonly record: RequestRecord };

/** How much is stored. */
export type RecordTotals = { readonly records: number; readonly bodyBytes: number };

/** The row of a record. Its fields stand in one order, always: statements are made for that order. */
export function toRecordRow(record: RequestRecord): Insertable<RequestRecordTable> {
  return {
    id: record.id,
    at: record.at,
    client_ip: record.clientIp,
    host: record.host,
    method: record.method,
    path: record.path,
    kind: record.kind,
    model: record.model,
    model_answered: record.modelAnswered,
    upstream: record.upstream,
    upstream_id: record.upstreamId,
    status: record.status,
    status_class: Math.floor(record.status / 100),
    user_agent: record.userAgent,
    streamed: record.isStreamed ? 1 : 0,
    finish_reason: record.finishReason,
    prompt_tokens: record.promptTokens,
    completion_tokens: record.completionTokens,
    reasoning_tokens: record.reasoningTokens,
    cached_tokens: record.cachedTokens,
    usage_source: record.usageSource,
    cost_nanos: record.costNanos,
    first_byte_ms: record.firstByteMs,
    elapsed_ms: record.elapsedMs,
    error_code: record.errorCode,
    error_message: record.errorMessage,
    key_id: record.keyId,
    key_name: record.keyName,
    user_id: record.userId,
    run_id: record.runId,
    message_id: record.messageId,
    attempt_count: record.attemptCount,
    request_bytes: record.requestBytes,
    answer_chars: record.answerChars,
    voice: record.voice,
  };
}

/** Reads a row of `request_records`. */
export function toRequestRecord(row: Selectable<RequestRecordTable>): RequestRecord {
  return {
    id: row.id,
    at: row.at,
    clientIp: row.client_ip,
    host: row.host,
    method: row.method,
    path: row.path,
    kind: row.kind as RecordKind,
    model: row.model,
    modelAnswered: row.model_answered,
    upstream: row.upstream,
    upstreamId: row.upstream_id,
    status: row.status,
    userAgent: row.user_agent,
    isStreamed: row.streamed === 1,
    finishReason: row.finish_reason,
    promptTokens: row.prompt_tokens,
    completionTokens: row.completion_tokens,
    reasoningTokens: row.reasoning_tokens,
    cachedTokens: row.cached_tokens,
    usageSource: row.usage_source as UsageSource,
    costNanos: row.cost_nanos,
    firstByteMs: row.first_byte_ms,
    elapsedMs: row.elapsed_ms,
    errorCode: row.error_code as ErrorCode | null,
    errorMessage: row.error_message,
    keyId: row.key_id,
    keyName: row.key_name,
    userId: row.user_id,
    runId: row.run_id,
    messageId: row.message_id,
    attemptCount: row.attempt_count,
    requestBytes: row.request_bytes,
    answerChars: row.answer_chars,
    voice: row.voice,
  };
}

/** The row of an attempt; its fields stand in one order as well. */
export function toAttemptRow(
  attempt: RecordAttempt,
  place: { recordId: string; position: number },
): Insertable<RecordAttemptTable> {
  return {
    record_id: place.recordId,
    position: place.position,
    upstream: attempt.upstream,
    upstream_id: attempt.upstreamId,
    key_last4: attempt.keyLast4,
    model: attempt.model,
    outcome: attempt.outcome,
    status: attempt.status,
    message: attempt.message,
    connect_ms: attempt.connectMs,
    first_byte_ms: attempt.firstByteMs,
    first_token_ms: attempt.firstTokenMs,
    total_ms: attempt.totalMs,
  };
}

/** Reads a row of `record_attempts`. */
export function toRecordAttempt(row: Selectable<RecordAttemptTable>): RecordAttempt {
  return {
    upstream: row.upstream,
    upstreamId: row.upstream_id,
    keyLast4: row.key_last4,
    model: row.model,
    outcome: row.outcome,
    status: row.status,
    message: row.message,
    connectMs: row.connect_ms,
    firstByteMs: row.first_byte_ms,
    firstTokenMs: row.first_token_ms,
    totalMs: row.total_ms,
  };
}
