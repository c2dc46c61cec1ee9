import type { DomainError } from "@llm-backend/contract";
import type { ForwardResult } from "./forward-ports.ts";

/** The result of a call that never reached the gateway: without a token, over a limit, with a body that is none. */
export function toRefusedResult(error: DomainError, totalMs: number): ForwardResult {
  return {
    isAnswered: false,
    status: undefined,
    error,
    upstream: undefined,
    upstreamId: undefined,
    model: undefined,
    finishReason: undefined,
    usage: undefined,
    text: "",
    textChars: 0,
    attempts: [],
    firstByteMs: undefined,
    totalMs,
  };
}
