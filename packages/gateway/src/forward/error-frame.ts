import { toOpenAiError, toPublicMessage, type DomainError } from "@llm-backend/contract";
import type { ForwardCall } from "./forward-ports.ts";

/** The last frame of a stream that broke off: an error in the format of its kind, after which no `[DONE]` comes. */
export function toErrorFrame(kind: ForwardCall["kind"], error: DomainError): Buffer {
  const object = toOpenAiError(error.code, toPublicMessage(error));
  if (kind !== "response") return Buffer.from(`data: ${JSON.stringify({ error: object })}\n\n`);
  const { message, code, param } = object;
  return Buffer.from(`event: error\ndata: ${JSON.stringify({ type: "error", code, message, param })}\n\n`);
}
