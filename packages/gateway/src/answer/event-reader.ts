import { createParser } from "eventsource-parser";
import { readProviderError, type ProviderError } from "../failure/provider-error.ts";
import type { AnswerFault, AnswerLimits, AnswerSink, FormatReader } from "./answer-format.ts";
import { readChunk, type Chunk } from "./chunk.ts";
import { createContentShortcut } from "./content-shortcut.ts";

const tooLarge = { outcome: "too_large", message: "an event of the stream is too large" } as const;

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function toEventError(data: string): ProviderError {
  return (
    readProviderError(parse(data), true) ?? { message: data.slice(0, 1000), kind: "error", status: undefined }
  );
}

const isTextOnly = (chunk: Chunk): boolean =>
  chunk.text !== "" &&
  chunk.reasoning === "" &&
  !chunk.isWhole &&
  chunk.finishReason === undefined &&
  chunk.usage === undefined &&
  chunk.error === undefined;

/** Reads a stream of server-sent events that hold chunks, until `[DONE]`. */
export function createEventReader(sink: AnswerSink, limits: AnswerLimits): FormatReader {
  const shortcut = createContentShortcut();
  let isOver = false;
  let charsBeforeContent = 0;

  function fail(fault: AnswerFault): void {
    isOver = true;
    sink.fault(fault);
  }

  function readFrame(data: string): void {
    const text = shortcut.read(data);
    if (text !== undefined) return sink.text(text);
    const value = parse(data);
    const chunk = readChunk(value);
    if (chunk === undefined) return reject(data, value);
    sink.chunk(chunk);
    if (chunk.text !== "" || chunk.reasoning !== "") charsBeforeContent = Number.NaN;
    if (chunk.error !== undefined) isOver = true;
    else if (isTextOnly(chunk)) shortcut.learn(data, chunk.text);
  }

  /** What was meant as an object and is none has lost text; anything else (`ping`, `ok`) never held any. */
  function reject(data: string, value: unknown): void {
    if (data.trim() === "" || value === null) return;
    sink.malformed();
    if (!data.trimStart().startsWith("{")) return;
    fail({ outcome: "protocol_error", message: "a frame of the stream is no JSON" });
  }

  function readEvent(event: string | undefined, data: string): void {
    if (data.length > limits.eventBytesMax) {
      fail(tooLarge);
    } else if (data === "[DONE]" || data.trim() === "[DONE]") {
      isOver = true;
      sink.done();
    } else if (event === "error") {
      const error = toEventError(data);
      fail({ outcome: "error_in_stream", message: error.message ?? error.kind, error });
    } else readFrame(data);
  }

  const parser = createParser({
    maxBufferSize: limits.eventBytesMax,
    onEvent: ({ event, data }) => {
      if (!isOver) readEvent(event, data);
    },
    onError: ({ type }) => {
      // Unknown fields and odd values are to be ignored, says the format.
      if (type !== "max-buffer-size-exceeded") return;
      fail(tooLarge);
    },
  });

  return {
    read(text) {
      if (isOver) return;
      parser.feed(text);
      charsBeforeContent += text.length;
      if (charsBeforeContent > limits.eventBytesMax)
        fail({ outcome: "too_large", message: "too much came before any content" });
    },
    // An event without the blank line that ends it does not count, says the format.
    end: () => {},
  };
}
