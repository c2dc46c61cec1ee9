import type { ServerResponse } from "node:http";
import { errorCodes, toOpenAiError } from "@llm-backend/contract";
import { mapError } from "@llm-backend/server";
import type { AnswerHead } from "./response-sink.ts";

/** What is known of a failure beside the error itself. */
export type ErrorContext = {
  readonly head: AnswerHead;
  /** Where it differs from the error's own. */
  readonly status?: number;
  /** Other upstreams were asked already: a client that asks again multiplies that. */
  readonly wasRetried?: boolean;
};

/** Answers with an error in OpenAI's format. */
export function writeError(response: ServerResponse, error: unknown, context: ErrorContext): number {
  const { reason, message, details } = mapError(error);
  const status = context.status ?? errorCodes[reason].status;
  // Of what is wrong elsewhere than in the request, nobody is told the place.
  const field = reason === "invalid_input" ? details.issues?.[0]?.path : undefined;
  const body = JSON.stringify({ error: toOpenAiError(reason, message, field || null) });
  const { retryAfterMs } = details;
  response.writeHead(status, {
    ...(context.head.headers as Record<string, string>),
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    ...(retryAfterMs !== undefined && { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
    ...(context.wasRetried === true && { "x-should-retry": "false" }),
  });
  response.end(body);
  return status;
}
