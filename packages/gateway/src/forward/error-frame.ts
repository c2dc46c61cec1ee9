import { errorCodes, toPublicMessage, type DomainError } from "@llm-backend/contract";
import type { ForwardCall } from "./forward-ports.ts";

/** OpenAI's error object for an error of ours. */
export function toErrorObject(error: DomainError) {
  const { type, openai } = errorCodes[error.code];
  return { message: toPublicMessage(error), type, param: null, code: openai };
}

/** The last frame of a stream that broke off: an error in the format of its kind, after which no `[DONE]` comes. */
export function toErrorFrame(kind: ForwardCall["kind"], error: DomainError): Buffer {
  const object = toErrorObject(error);
  if (kind !== "response") return Buffer.from(`data: ${JSON.stringify({ error: object })}\n\n`);
  const { message, code, param } = object;
  return Buffer.from(`event: error\ndata: ${JSON.stringify({ type: "error", code, message, param })}\n\n`);
}
