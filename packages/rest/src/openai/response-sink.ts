import type { ServerResponse } from "node:http";
import type { ForwardSink } from "@llm-backend/server";
import { ChunkWriter } from "./chunk-writer.ts";

/** What is sent with every head of one answer. */
export type AnswerHead = { readonly headers: Record<string, string | readonly string[]> };

/** Writes an answer to an HTTP response. */
export type ResponseSink = ForwardSink & {
  /** Keeps a stream open in which nothing has been said for `ms`; does nothing while its reader is behind. */
  ping(now: number, ms: number): void;
};

type Headers = Readonly<Record<string, string | readonly string[]>>;

const pingComment = Buffer.from(": ping\n\n");
/** A longer body costs more as a string than it saves. */
const oneWriteBytesMax = 32 * 1024;

/** Creates the sink of one response; `common` may grow until the head is written. */
export function createResponseSink(response: ServerResponse, common: AnswerHead): ResponseSink {
  let stream: ChunkWriter | undefined;
  let onDrain = (): void => {};
  /** An answer that was written in one piece waits for its end: its head and its body then go out together. */
  let whole: Uint8Array | undefined;
  let length: number | undefined;
  let wroteAt = 0;
  let isBetweenEvents = true;

  function head(status: number, headers: Headers): void {
    response.writeHead(status, { ...common.headers, ...headers } as Record<string, string | string[]>);
    const isSized = headers["content-length"] !== undefined;
    if (!isSized && String(headers["content-type"] ?? "").startsWith("text/event-stream")) {
      stream = new ChunkWriter(response, onDrain);
      wroteAt = performance.now();
    } else {
      length = Number(headers["content-length"]);
      response.on("drain", onDrain);
    }
  }

  function release(): void {
    if (whole !== undefined) response.write(whole);
    whole = undefined;
  }

  return {
    head,
    write(bytes) {
      // What is written to a closed connection has nowhere to go; who reads the answer learns of that by the signal.
      if (response.destroyed) return true;
      if (stream !== undefined) {
        wroteAt = performance.now();
        isBetweenEvents = endsEvent(bytes);
        return stream.write(bytes);
      }
      if (whole === undefined && bytes.length === length && length <= oneWriteBytesMax) {
        whole = bytes;
        return true;
      }
      release();
      return response.write(bytes);
    },
    onDrain(listener) {
      onDrain = listener;
    },
    end() {
      stream?.close();
      // As a string it is written in one piece with the head; the bytes are the same.
      if (whole === undefined) response.end();
      else
        response.end(Buffer.from(whole.buffer, whole.byteOffset, whole.length).toString("latin1"), "latin1");
    },
    cut() {
      response.destroy();
    },
    ping(now, ms) {
      if (stream === undefined || now - wroteAt < ms || !isBetweenEvents) return;
      if (stream.isBehind || response.writableEnded) return;
      wroteAt = now;
      stream.write(pingComment);
    },
  };
}

const [cr, lf] = [13, 10];

/** Whether an event ends with these bytes: a comment behind anything else would tear it apart. */
function endsEvent(bytes: Uint8Array): boolean {
  const { length } = bytes;
  if (bytes[length - 1] !== lf) return false;
  const before = bytes[length - 2] === cr ? length - 3 : length - 2;
  return bytes[before] === lf;
}
