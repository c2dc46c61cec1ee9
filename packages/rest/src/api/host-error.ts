import { DomainError, type ErrorCode } from "@llm-backend/contract";

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "invalid_input",
  404: "not_found",
  413: "input_too_large",
  415: "unsupported_media_type",
};

/**
 * Reads the host's own refusals (a body too large, a length that lies): they carry a status, and nothing else that is
 * shown. Every other error is passed on as it is.
 */
export function readHostError(error: unknown): unknown {
  const isHostError = error instanceof Error && "statusCode" in error && "code" in error;
  const code = isHostError ? codes[error.statusCode as number] : undefined;
  return code === undefined ? error : new DomainError(code, undefined, { cause: error });
}
