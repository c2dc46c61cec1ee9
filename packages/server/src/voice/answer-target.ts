import type { DomainError } from "@llm-backend/contract";
import { toErrorFrame, toStreamHeaders, type ForwardSink } from "@llm-backend/gateway";
import { toWholeChunk } from "./whole-chunk.ts";

/** A chunk of an answer, or anything else that stands in a stream as JSON. */
export type Chunk = Readonly<Record<string, unknown>>;
type Headers = Parameters<ForwardSink["head"]>[1];

/** Where an answer goes, over all rounds that it takes. */
export type AnswerTarget = {
  /** Something has been told: what goes wrong from now on is told in the stream. */
  readonly isOpen: boolean;
  /** The one id of the answer, once it is known. */
  readonly id: string | undefined;
  /** The answer begins. Further calls change nothing. */
  open(headers?: Headers): void;
  /** Tells a chunk; `raw` is its frame where nothing of it was changed. False: the reader is behind. */
  tell(chunk: Chunk | undefined, raw?: Buffer): boolean;
  /** Names who is to be told when the reader has caught up. */
  onDrain(listener: () => void): void;
};

/** An answer as a stream of events to a caller. */
export type StreamTarget = AnswerTarget & {
  /** Ends it as a whole one. */
  finish(): void;
  /** Ends it with an error; nobody takes it for whole. */
  fail(error: DomainError): void;
};

/** How the stream is told. */
export type StreamTargetOptions = {
  /** What goes out in front of the answer, as a chunk of the engine's own kind. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  /** The id of all chunks; without it the first one that comes gives its own. */
  readonly id: string | undefined;
  /** Makes one where the first chunk has none. */
  readonly newId: () => string;
  /** The model that was asked for: what chunks are told to be of that do not say it. */
  readonly model: string;
};

const doneFrame = Buffer.from("data: [DONE]\n\n");

/** The frame of a chunk. */
export function toFrame(chunk: Chunk): Buffer {
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`);
}

/** Creates the target of one caller. */
export function createStreamTarget(sink: ForwardSink, options: StreamTargetOptions): StreamTarget {
  let { id } = options;
  let isOpen = false;
  let listener = () => {};
  sink.onDrain(() => listener());

  const target: StreamTarget = {
    get isOpen() {
      return isOpen;
    },
    get id() {
      return id;
    },
    open(headers = toStreamHeaders({})) {
      if (isOpen) return;
      isOpen = true;
      sink.head(200, headers);
      if (options.metadata === undefined) return;
      const object = "chat.completion.custom_metadata";
      sink.write(toFrame({ id, object, choices: [], metadata: options.metadata }));
    },
    tell(chunk, raw) {
      target.open();
      if (chunk === undefined) return raw === undefined || sink.write(raw);
      const own = chunk["id"];
      id ??= typeof own === "string" && own !== "" ? own : options.newId();
      const whole = toWholeChunk(chunk, { id, model: options.model });
      return sink.write(raw !== undefined && whole === chunk ? raw : toFrame(whole));
    },
    onDrain(next) {
      listener = next;
    },
    finish() {
      target.open();
      sink.write(doneFrame);
      sink.end();
    },
    fail(error) {
      sink.write(toErrorFrame("chat", error));
      sink.end();
    },
  };
  return target;
}
