import type { ErrorCode, OnDisconnect, RunState } from "@llm-backend/contract";
import type { RunRow } from "./run-table.ts";

/** One generation of one answer. */
export type Run = {
  readonly id: string;
  readonly userId: number;
  readonly requestId: string;
  readonly inputHash: string;
  readonly conversationId: number;
  readonly userMessageId: string | null;
  readonly assistantMessageId: string;
  /** The answer that this one goes on with, where it does. */
  readonly continuedMessageId: string | null;
  /** What becomes of it when nobody follows it any more. */
  readonly onDisconnect: OnDisconnect;
  readonly model: string;
  readonly state: RunState;
  readonly owner: string;
  readonly errorCode: ErrorCode | null;
  readonly errorMessage: string | null;
  readonly log: string | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
};

/** A part of a running run's journal. */
export type RunSegment = { readonly runId: string; readonly start: number; readonly events: string };

/** Reads a row of `runs`. */
export function toRun(row: RunRow): Run {
  return {
    id: row.id,
    userId: row.user_id,
    requestId: row.request_id,
    inputHash: row.input_hash,
    conversationId: row.conversation_id,
    userMessageId: row.user_message_id,
    assistantMessageId: row.assistant_message_id,
    continuedMessageId: row.continued_message_id,
    onDisconnect: row.on_disconnect === null ? "continue" : (JSON.parse(row.on_disconnect) as OnDisconnect),
    model: row.model,
    state: row.state as RunState,
    owner: row.owner,
    errorCode: row.error_code as ErrorCode | null,
    errorMessage: row.error_message,
    log: row.log,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

/** Writes a row of `runs`, always with all columns and in the same order. */
export function fromRun(run: Run): RunRow {
  return {
    id: run.id,
    user_id: run.userId,
    request_id: run.requestId,
    input_hash: run.inputHash,
    conversation_id: run.conversationId,
    user_message_id: run.userMessageId,
    assistant_message_id: run.assistantMessageId,
    continued_message_id: run.continuedMessageId,
    on_disconnect: run.onDisconnect === "continue" ? null : JSON.stringify(run.onDisconnect),
    model: run.model,
    state: run.state,
    owner: run.owner,
    error_code: run.errorCode,
    error_message: run.errorMessage,
    log: run.log,
    created_at: run.createdAt,
    ended_at: run.endedAt,
  };
}
