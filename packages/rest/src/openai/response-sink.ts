import type { ServerResponse } from "node:http";
import type { ForwardSink } from "@llm-backend/server";

/** What is sent with every head of one answer. */
export type AnswerHead = { readonly headers: Record<string, string | readonly string[]> };

/** Writes an answer to an HTTP response. */
export type ResponseSink = ForwardSink & {
  /** Keeps a stream open in which nothing has been said for `ms`; does nothing while its reader is behind. */
  ping(now: number, ms: number): void;
};

const pingComment = ": ping\n\n";

/** Creates the sink of one response; `common` may grow until the head is written. */
export function createResponseSink(response: ServerResponse, common: AnswerHead): ResponseSink {
  let isStream = false;
  let wroteAt = 0;
  return {
    head(status, headers) {
      isStream = String(headers["content-type"] ?? "").startsWith("text/event-stream");
      response.writeHead(status, { ...common.headers, ...headers } as Record<string, string | string[]>);
      wroteAt = performance.now();
    },
    write(bytes) {
      // What is written to a closed connection has nowhere to go; who reads the answer learns of that by the signal.
      if (response.destroyed) return true;
      if (isStream) wroteAt = performance.now();
      return response.write(bytes);
    },
    onDrain(listener) {
      response.on("drain", listener);
    },
    end() {
      response.end();
    },
    cut() {
      response.destroy();
    },
    ping(now, ms) {
      if (!isStream || now - wroteAt < ms || response.writableNeedDrain || response.writableEnded) return;
      wroteAt = now;
      response.write(pingComment);
    },
  };
}
