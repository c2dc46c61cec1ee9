import type { AnswerPart, ToolCall } from "../ports.ts";
import { ReadTail } from "../scan/read-tail.ts";
import { measureMark, readFormat, type StreamFormat } from "../scan/stream-format.ts";
import type { AnswerFault, AnswerLimits, AnswerSink, FormatReader } from "./answer-format.ts";
import { createProgress, type AnswerProgress } from "./answer-progress.ts";
import { createCompletionReader } from "./completion-reader.ts";
import { createEventReader } from "./event-reader.ts";
import { createPartBuffer, type PartBuffer } from "./part-buffer.ts";
import { createTextRun, type TextRun } from "./text-run.ts";
import { createToolCallBuffer, type ToolCallBuffer, type ToolPiece } from "./tool-call-buffer.ts";

/** Turns the bytes of one answer into parts. */
export type AnswerReader = {
  readonly progress: Readonly<AnswerProgress>;
  /** Takes bytes, gives the parts that are complete with them. Whatever comes after the end or a fault is ignored. */
  readonly read: (bytes: Buffer) => readonly AnswerPart[];
  /** The body has ended as its framing said. */
  readonly end: () => readonly AnswerPart[];
  /** The calls of tools, as far as they have come; they count only in an answer that is complete. */
  readonly toolCalls: () => readonly ToolCall[];
};

const readNothing: FormatReader = { read: () => {}, end: () => {} };

function createFormatReader(format: StreamFormat, sink: AnswerSink, limits: AnswerLimits): FormatReader {
  if (format === "json") return createCompletionReader(sink, limits);
  if (format === "events") return createEventReader(sink, limits);
  sink.fault({ outcome: "protocol_error", message: "the answer is a page, not a stream" });
  return readNothing;
}

/** What the pieces of one answer are gathered in. */
type Gathered = {
  readonly buffer: PartBuffer;
  readonly run: TextRun;
  readonly tools: ToolCallBuffer;
};

function createSink(progress: AnswerProgress, { buffer, run, tools }: Gathered): AnswerSink {
  const isOver = (): boolean => progress.isDone || progress.fault !== undefined;
  const fault = (found: AnswerFault): void => {
    if (!isOver()) progress.fault = found;
  };
  let sawContent = false;
  const gather = (pieces: readonly ToolPiece[]): void => {
    if (pieces.length === 0) return;
    tools.add(pieces);
    progress.hasContent = true;
  };
  return {
    fault,
    // Frames are read so only after one like them that was not: content has been seen.
    raw: run.add,
    malformed: () => progress.framesMalformed++,
    done: () => {
      progress.isDone ||= progress.fault === undefined;
    },
    chunk(chunk) {
      if (isOver()) return;
      run.close();
      // Some providers repeat the whole answer in a last frame.
      const repeats = chunk.isWhole && sawContent;
      const { text, reasoning } = repeats ? { text: "", reasoning: "" } : chunk;
      if (!repeats) gather(chunk.toolPieces);
      sawContent ||= text !== "" || reasoning !== "" || progress.hasContent;
      buffer.add("reasoning-delta", reasoning);
      buffer.add("text-delta", text);
      progress.model ??= chunk.model;
      progress.usage = chunk.usage ?? progress.usage;
      if (chunk.finishReason !== undefined) {
        progress.finishReason = chunk.finishReason;
        progress.finishStoodAlone = text === "" && reasoning === "" && chunk.toolPieces.length === 0;
      }
      const { error } = chunk;
      if (error !== undefined)
        fault({ outcome: "error_in_stream", message: error.message ?? error.kind, error });
    },
  };
}

/** Creates the reader of one answer to a streamed question: a stream of events, or a completion in one piece. */
export function createAnswerReader(limits: AnswerLimits): AnswerReader {
  const progress = createProgress();
  const buffer = createPartBuffer();
  const run = createTextRun(buffer);
  const tools = createToolCallBuffer();
  const sink = createSink(progress, { buffer, run, tools });
  const blank = new ReadTail();
  let format: FormatReader | undefined;
  let answerBytes = 0;

  /** Until the format is known, everything is gathered. */
  function begin(bytes: Buffer): void {
    blank.add(bytes);
    const seen = blank.view();
    const mark = measureMark(seen);
    const found = mark === undefined ? undefined : readFormat(seen, mark);
    if (found !== undefined) {
      format = createFormatReader(found, sink, limits);
      format.read(blank.take());
    } else if (seen.length > limits.eventBytesMax)
      sink.fault({ outcome: "too_large", message: "the answer is blank" });
  }

  function feed(bytes: Buffer): void {
    if (format === undefined) begin(bytes);
    else format.read(bytes);
    run.close();
  }

  function takeParts(): readonly AnswerPart[] {
    if (progress.isDone || progress.fault !== undefined) buffer.flush();
    const parts = buffer.take();
    for (const { text } of parts) answerBytes += Buffer.byteLength(text);
    progress.hasContent ||= parts.length > 0;
    if (answerBytes + tools.bytes > limits.answerBytesMax)
      sink.fault({ outcome: "too_large", message: "the answer is too long" });
    return parts;
  }

  return {
    progress,
    toolCalls: () => tools.list(),
    read(bytes) {
      if (progress.isDone || progress.fault !== undefined) return [];
      feed(bytes);
      return takeParts();
    },
    end() {
      if (progress.isDone || progress.fault !== undefined) return [];
      format?.end();
      run.close();
      buffer.flush();
      return takeParts();
    },
  };
}
