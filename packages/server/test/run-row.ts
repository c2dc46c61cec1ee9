import type { Run } from "@llm-backend/storage";

let made = 0;

const toLast = (number: number) => number.toString().padStart(4, "0");

/** A run as its start writes it. */
export function toRun(fields: Partial<Run> = {}): Run {
  const last = toLast(++made);
  return {
    id: `run_01m8162cr78f5ff3q8t9eq${last}`,
    userId: 1,
    requestId: `request-${last}`,
    inputHash: "hash",
    conversationId: 1,
    userMessageId: `msg_01m8162cr78f5ff3q8t9eq${last}`,
    assistantMessageId: `msg_01m8162cr78f5ff3q8t9er${last}`,
    continuedMessageId: null,
    onDisconnect: "continue",
    model: "a-model",
    state: "streaming",
    owner: "owner",
    errorCode: null,
    errorMessage: null,
    log: null,
    createdAt: 0,
    endedAt: null,
    ...fields,
  };
}
