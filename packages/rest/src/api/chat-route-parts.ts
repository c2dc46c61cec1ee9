import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { RouteRequest } from "./route.ts";

/** The parts of the path of every row that is about one conversation. */
export const chatParams = { conversation_id: { description: "The conversation's id", schema: z.int() } };

/** What is said of the header that continues a stream. */
export const lastEventIdHeader =
  "The id of the last frame that arrived: the stream continues right behind it";

/** The headers of the rows that start an answer. */
export const requestHeaders = {
  "Last-Event-ID": lastEventIdHeader,
  "Idempotency-Key":
    "Made by you, once for each message: the same key again joins the answer that it started",
};

/** What callers of the chat stream know as "no answer could be started". */
export const chatStatuses = {
  upstream_rejected: 502,
  upstream_rate_limited: 503,
  model_not_found: 503,
  quota_exceeded: 503,
} as const;

/** What the statuses of the chat streams mean. */
export const chatErrors = {
  400: "The id is no integer, or the body is not valid",
  401: "No valid token",
  404: "There is no such conversation of yours",
  409: "The Idempotency-Key or the Last-Event-ID belongs to another message, the answer had ended before its first word, or too many answers are waiting",
  429: "Too many answers at once",
  500: "The answer could not be started",
  502: "No upstream could answer",
  503: "No upstream can answer now",
  504: "No upstream answered in time",
};

/** Whether the caller brings a key. */
export const hasRequestId = (request: RouteRequest) => request.header("idempotency-key") !== undefined;

/** The caller's own key for a start, or one that joins nothing. */
export function readRequestId(request: RouteRequest): string {
  return request.header("idempotency-key") ?? `rest-${randomUUID()}`;
}
