import type { ForwardSink } from "@llm-backend/gateway";
import type { AnswerTarget } from "./answer-target.ts";
import { FrameSplitter } from "./frame-splitter.ts";
import type { RoundReader } from "./round-reader.ts";

type Headers = Parameters<ForwardSink["head"]>[1];

/** An answer that did not come as a stream: one in a piece, or a refusal. */
export type WholeAnswer = { readonly status: number; readonly headers: Headers; readonly body: Buffer };

/** Takes what the gateway answers in one round. */
export type RoundSink = ForwardSink & {
  /** What came in one piece; undefined for a stream, and where nothing came. */
  readonly whole: WholeAnswer | undefined;
  /** The answer was cut: what came of it must not pass for a whole one. */
  readonly isCut: boolean;
};

/** Creates the sink of one round; a stream is read as it comes, everything else is kept. */
export function createRoundSink(target: AnswerTarget, reader: RoundReader): RoundSink {
  const splitter = new FrameSplitter();
  const pieces: Buffer[] = [];
  let head: { status: number; headers: Headers } | undefined;
  let isStream = false;
  let isCut = false;

  const readAll = (frames: ReturnType<FrameSplitter["push"]>): boolean => {
    let isReady = true;
    for (const frame of frames) isReady = reader.read(frame) && isReady;
    return isReady;
  };

  return {
    head(status, headers) {
      head = { status, headers };
      isStream = status === 200 && String(headers["content-type"] ?? "").startsWith("text/event-stream");
      if (isStream) target.open(headers);
    },
    write(bytes) {
      const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      if (isStream) return readAll(splitter.push(buffer));
      pieces.push(buffer);
      return true;
    },
    onDrain: (listener) => target.onDrain(listener),
    end() {
      if (isStream) readAll(splitter.end());
    },
    cut() {
      isCut = true;
    },
    get whole() {
      return head === undefined || isStream ? undefined : { ...head, body: Buffer.concat(pieces) };
    },
    get isCut() {
      return isCut;
    },
  };
}
