import {
  errorCodes,
  findDomainError,
  toPublicMessage,
  type DomainError,
  type ErrorCode,
} from "@llm-backend/contract";
import { TRPCError, type TRPC_ERROR_CODE_NUMBER } from "@trpc/server";
import { TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/rpc";
import { ZodError } from "zod";

/** What every error of a procedure looks like to a client. */
export type ErrorShape = {
  message: string;
  code: TRPC_ERROR_CODE_NUMBER;
  data: {
    code: keyof typeof TRPC_ERROR_CODES_BY_KEY;
    httpStatus: number;
    /** The domain's own code: what a client decides by. */
    reason: ErrorCode;
    retryable: boolean;
    retryAfterMs?: number;
    issues?: { path: string; message: string }[];
    path?: string;
  };
};

/** Everything that a call can throw, as one row of the error table. */
export type MappedError = {
  reason: ErrorCode;
  message: string;
  details: NonNullable<DomainError["details"]>;
};

/** Finds the row of the error table for whatever a procedure threw: the one mapping that all faces share. */
export function mapError(error: unknown): MappedError {
  const domainError = findDomainError(error);
  if (domainError !== undefined) {
    return {
      reason: domainError.code,
      message: toPublicMessage(domainError),
      details: domainError.details ?? {},
    };
  }
  if (error instanceof TRPCError) return mapTrpcError(error);
  return { reason: "internal", message: errorCodes.internal.publicMessage, details: {} };
}

/** Writes the error of a procedure for tRPC's wire. */
export function toErrorShape(given: { error: TRPCError; path: string | undefined }): ErrorShape {
  return toShape(mapError(given.error), { path: given.path });
}

/** Writes an error that no procedure threw as the whole body of an answer on tRPC's wire. */
export function toErrorBody(error: DomainError, status?: number): { error: { json: ErrorShape } } {
  return { error: { json: toShape(mapError(error), { status }) } };
}

function toShape(
  { reason, message, details }: MappedError,
  known: { path?: string | undefined; status?: number | undefined },
): ErrorShape {
  const row = errorCodes[reason];
  return {
    message,
    code: TRPC_ERROR_CODES_BY_KEY[row.trpc],
    data: {
      code: row.trpc,
      httpStatus: known.status ?? row.status,
      reason,
      retryable: row.retryable,
      ...(details.retryAfterMs === undefined ? {} : { retryAfterMs: details.retryAfterMs }),
      ...(details.issues === undefined ? {} : { issues: [...details.issues] }),
      ...(known.path === undefined ? {} : { path: known.path }),
    },
  };
}

/** Errors that tRPC itself throws: for inputs and requests that are not as they must be. */
function mapTrpcError(error: TRPCError): MappedError {
  if (error.cause instanceof ZodError) {
    const issues = error.cause.issues.map((issue) => ({
      path: issue.path.map(String).join("."),
      message: issue.message,
    }));
    const sentences = issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
    return { reason: "invalid_input", message: sentences.join("; "), details: { issues } };
  }
  if (error.cause instanceof SyntaxError && error.code !== "INTERNAL_SERVER_ERROR")
    return { reason: "invalid_input", message: "The input is not valid JSON.", details: {} };
  switch (error.code) {
    case "NOT_FOUND":
      return { reason: "not_found", message: "There is no such procedure.", details: {} };
    case "METHOD_NOT_SUPPORTED":
      return {
        reason: "method_not_allowed",
        message: errorCodes.method_not_allowed.publicMessage,
        details: {},
      };
    case "UNSUPPORTED_MEDIA_TYPE":
      return {
        reason: "unsupported_media_type",
        message: errorCodes.unsupported_media_type.publicMessage,
        details: {},
      };
    case "PAYLOAD_TOO_LARGE":
      return { reason: "input_too_large", message: errorCodes.input_too_large.publicMessage, details: {} };
    case "CLIENT_CLOSED_REQUEST":
      return { reason: "cancelled", message: errorCodes.cancelled.publicMessage, details: {} };
    case "BAD_REQUEST":
    case "PARSE_ERROR":
      return { reason: "invalid_input", message: "The request could not be read.", details: {} };
    default:
      return { reason: "internal", message: errorCodes.internal.publicMessage, details: {} };
  }
}
