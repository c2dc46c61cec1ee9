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

class Sink implements ResponseSink {
  readonly #response: ServerResponse;
  readonly #common: AnswerHead;
  #stream: ChunkWriter | undefined;
  #drained: (() => void) | undefined;
  /** An answer that was written in one piece waits for its end: its head and its body then go out together. */
  #whole: Uint8Array | undefined;
  #length: number | undefined;
  #wroteAt = 0;
  #isBetweenEvents = true;

  constructor(response: ServerResponse, common: AnswerHead) {
    this.#response = response;
    this.#common = common;
  }

  head(status: number, headers: Headers): void {
    const response = this.#response;
    response.writeHead(status, { ...this.#common.headers, ...headers } as Record<string, string | string[]>);
    const onDrain = this.#drained ?? (() => {});
    const isSized = headers["content-length"] !== undefined;
    if (!isSized && String(headers["content-type"] ?? "").startsWith("text/event-stream")) {
      this.#stream = new ChunkWriter(response, onDrain);
      this.#wroteAt = performance.now();
    } else {
      this.#length = Number(headers["content-length"]);
      response.on("drain", onDrain);
    }
  }

  write(bytes: Uint8Array): boolean {
    // What is written to a closed connection has nowhere to go; who reads the answer learns of that by the signal.
    if (this.#response.destroyed) return true;
    if (this.#stream !== undefined) {
      this.#wroteAt = performance.now();
      this.#isBetweenEvents = endsEvent(bytes);
      return this.#stream.write(bytes);
    }
    if (this.#whole === undefined && bytes.length === this.#length && this.#length <= oneWriteBytesMax) {
      this.#whole = bytes;
      return true;
    }
    this.#release();
    return this.#response.write(bytes);
  }

  onDrain(listener: () => void): void {
    this.#drained = listener;
  }

  end(): void {
    this.#stream?.close();
    const whole = this.#whole;
    // As a string it is written in one piece with the head; the bytes are the same.
    if (whole === undefined) this.#response.end();
    else
      this.#response.end(
        Buffer.from(whole.buffer, whole.byteOffset, whole.length).toString("latin1"),
        "latin1",
      );
  }

  cut(): void {
    this.#response.destroy();
  }

  ping(now: number, ms: number): void {
    const stream = this.#stream;
    if (stream === undefined || now - this.#wroteAt < ms || !this.#isBetweenEvents) return;
    if (stream.isBehind || this.#response.writableEnded) return;
    this.#wroteAt = now;
    stream.write(pingComment);
  }

  #release(): void {
    if (this.#whole !== undefined) this.#response.write(this.#whole);
    this.#whole = undefined;
  }
}

/** Creates the sink of one response; `common` may grow until the head is written. */
export function createResponseSink(response: ServerResponse, common: AnswerHead): ResponseSink {
  return new Sink(response, common);
}

const [cr, lf] = [13, 10];

/** Whether an event ends with these bytes: a comment behind anything else would tear it apart. */
function endsEvent(bytes: Uint8Array): boolean {
  const { length } = bytes;
  if (bytes[length - 1] !== lf) return false;
  const before = bytes[length - 2] === cr ? length - 3 : length - 2;
  return bytes[before] === lf;
}
