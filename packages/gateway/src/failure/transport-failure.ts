import { findDomainError } from "@llm-backend/contract";
import { toFailure, type Failure } from "./failure.ts";

/** How far an exchange had come when its connection failed. */
export type ExchangePhase = "connecting" | "waiting" | "reading";

const codeOf = (error: Error): string =>
  "code" in error && typeof error.code === "string" ? error.code : error.name;

/** The body ended before its framing said so, or was cut by FIN. */
const isCut = (code: string): boolean =>
  ["UND_ERR_SOCKET", "HPE_INVALID_EOF_STATE", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH"].includes(code);

const isReset = (code: string): boolean => ["ECONNRESET", "EPIPE", "ECONNABORTED"].includes(code);

/** Understands the error that a connection failed with. */
export function toTransportFailure(error: Error, phase: ExchangePhase): Failure {
  const callers = findDomainError(error);
  if (callers !== undefined)
    return { ...toFailure("cancelled", callers.code, `the caller's body: ${callers.message}`), final: true };
  const code = codeOf(error);
  // Of what we hand over, only the key can be something that a header must not hold.
  if (code === "UND_ERR_INVALID_ARG")
    return toFailure("auth", "upstream_auth", "the key cannot be sent in a header");
  if (phase === "connecting") return toFailure("connect_failed", "upstream_unavailable", code);
  if (isReset(code)) return toFailure("reset", "upstream_unavailable", code);
  if (isCut(code)) {
    return phase === "waiting"
      ? toFailure("reset", "upstream_unavailable", "the connection was closed before an answer")
      : toFailure(
          "truncated",
          "upstream_unavailable",
          "the connection was closed in the middle of the answer",
        );
  }
  return toFailure("protocol_error", "upstream_unavailable", code);
}

/** Tells whether a connection was lost, as opposed to used wrongly. */
export function isLostConnection(error: Error): boolean {
  const code = codeOf(error);
  return isReset(code) || isCut(code);
}
