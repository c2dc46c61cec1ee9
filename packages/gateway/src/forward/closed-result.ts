import { DomainError } from "@llm-backend/contract";
import type { ForwardResult } from "./forward-ports.ts";

/** What comes of a call that nobody takes on any more. */
export function toClosedResult(): ForwardResult {
  return {
    isAnswered: false,
    status: undefined,
    error: new DomainError("shutting_down"),
    upstream: undefined,
    upstreamId: undefined,
    model: undefined,
    finishReason: undefined,
    usage: undefined,
    text: "",
    textChars: 0,
    attempts: [],
    firstByteMs: undefined,
    totalMs: 0,
  };
}
