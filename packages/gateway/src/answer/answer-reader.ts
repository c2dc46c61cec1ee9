import type { Usage } from "@llm-backend/contract";
import type { AnswerPart } from "../ports.ts";
import type { AnswerFault, AnswerLimits, AnswerSink, FormatReader } from "./answer-format.ts";
import { createCompletionReader } from "./completion-reader.ts";
import { createEventReader } from "./event-reader.ts";
import { createPartBuffer } from "./part-buffer.ts";

/** What is known of an answer so far. */
export type AnswerProgress = {
  hasContent: boolean;
  /** `[DONE]` came, or a whole completion: nothing more follows. */
  isDone: boolean;
  finishReason: string | undefined;
  /** The finish reason came without a piece of text: only an end does. */
  finishStoodAlone: boolean;
  model: string | undefined;
  usage: Usage | undefined;
  framesMalformed: number;
  fault: AnswerFault | undefined;
};

/** Turns the bytes of one answer into parts. */
export type AnswerReader = {
  readonly progress: Readonly<AnswerProgress>;
  /** Takes bytes, gives the parts that are complete with them. Whatever comes after the end or a fault is ignored. */
  readonly read: (bytes: Uint8Array) => readonly AnswerPart[];
  /** The body has ended as its framing said. */
  readonly end: () => readonly AnswerPart[];
};

const readNothing: FormatReader = { read: () => {}, end: () => {} };

/** Which format a body is in: its first visible character tells, whatever its content type says. */
function chooseFormat(first: string, sink: AnswerSink, limits: AnswerLimits): FormatReader {
  if (first === "{" || first === "[") return createCompletionReader(sink, limits);
  if (first !== "<") return createEventReader(sink, limits);
  sink.fault({ outcome: "protocol_error", message: "the answer is a page, not a stream" });
  return readNothing;
}

/** What is known of an answer of which nothing has come. */
export const createProgress = (): AnswerProgress => ({
  hasContent: false,
  isDone: false,
  finishReason: undefined,
  finishStoodAlone: false,
  model: undefined,
  usage: undefined,
  framesMalformed: 0,
  fault: undefined,
});

function createSink(progress: AnswerProgress, buffer: ReturnType<typeof createPartBuffer>): AnswerSink {
  const isOver = (): boolean => progress.isDone || progress.fault !== undefined;
  const fault = (found: AnswerFault): void => {
    if (!isOver()) progress.fault = found;
  };
  let sawContent = false;
  return {
    fault,
    text(text) {
      sawContent = true;
      buffer.add("text-delta", text);
    },
    malformed: () => progress.framesMalformed++,
    done: () => {
      progress.isDone ||= progress.fault === undefined;
    },
    chunk(chunk) {
      if (isOver()) return;
      // Some providers repeat the whole answer in a last frame.
      const repeats = chunk.isWhole && sawContent;
      const { text, reasoning } = repeats ? { text: "", reasoning: "" } : chunk;
      sawContent ||= text !== "" || reasoning !== "";
      buffer.add("reasoning-delta", reasoning);
      buffer.add("text-delta", text);
      progress.model ??= chunk.model;
      progress.usage = chunk.usage ?? progress.usage;
      if (chunk.finishReason !== undefined) {
        progress.finishReason = chunk.finishReason;
        progress.finishStoodAlone = text === "" && reasoning === "";
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
  const sink = createSink(progress, buffer);
  // The byte order mark is the format's business: a decoder would take one off, and the parser a second one.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let format: FormatReader | undefined;
  let blank = "";
  let answerBytes = 0;

  function feed(text: string): void {
    if (format !== undefined) return format.read(text);
    const first = (blank === "" ? text.replace(/^\uFEFF/, "") : text).trimStart()[0];
    blank += text;
    if (first !== undefined) format = chooseFormat(first, sink, limits);
    else if (blank.length > limits.eventBytesMax)
      sink.fault({ outcome: "too_large", message: "the answer is blank" });
    format?.read(blank);
  }

  function takeParts(): readonly AnswerPart[] {
    if (progress.isDone || progress.fault !== undefined) buffer.flush();
    const parts = buffer.take();
    for (const { text } of parts) answerBytes += Buffer.byteLength(text);
    progress.hasContent ||= parts.length > 0;
    if (answerBytes > limits.answerBytesMax)
      sink.fault({ outcome: "too_large", message: "the answer is too long" });
    return parts;
  }

  return {
    progress,
    read(bytes) {
      if (progress.isDone || progress.fault !== undefined) return [];
      feed(decoder.decode(bytes, { stream: true }));
      return takeParts();
    },
    end() {
      if (progress.isDone || progress.fault !== undefined) return [];
      feed(decoder.decode());
      format?.end();
      buffer.flush();
      return takeParts();
    },
  };
}
