import { readEventFault, toStreamFault } from "../scan/event-error.ts";
import { FrameBounds, readFrameLines, type FrameLines } from "../scan/frame-lines.ts";
import { readChatMeaning } from "../scan/frame-meaning.ts";
import { eventTooLarge, isDoneMark, parseData } from "../scan/frame-reader.ts";
import { ReadTail } from "../scan/read-tail.ts";
import { measureMark } from "../scan/stream-format.ts";
import { TemplateSet } from "../scan/template-set.ts";
import type { AnswerFault, AnswerLimits, AnswerSink, FormatReader } from "./answer-format.ts";
import { readChunk, type Chunk } from "./chunk.ts";

const endOfLine = Buffer.from("\n");
const lineEnd = 0x0d;

/** Reads a stream of server-sent events that hold chunks, until `[DONE]`. */
class EventReader implements FormatReader {
  readonly #sink: AnswerSink;
  readonly #limits: AnswerLimits;
  readonly #templates: TemplateSet;
  readonly #bounds = new FrameBounds();
  readonly #tail = new ReadTail();
  #isOver = false;
  #hasBegun = false;
  #bytesBeforeContent = 0;

  constructor(sink: AnswerSink, limits: AnswerLimits) {
    this.#sink = sink;
    this.#limits = limits;
    this.#templates = new TemplateSet({
      frames: { count: () => {} },
      text: { addRaw: (source, range) => sink.raw("text-delta", source, range) },
      reasoning: { addRaw: (source, range) => sink.raw("reasoning-delta", source, range) },
      frameBytesMax: limits.eventBytesMax,
    });
  }

  read(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#feed(bytes);
    this.#bytesBeforeContent += bytes.length;
    if (this.#bytesBeforeContent > this.#limits.eventBytesMax)
      this.#fail({ outcome: "too_large", message: "too much came before any content" });
  }

  /** An event without the blank line that ends it does not count, says the format. */
  end(): void {
    if (this.#isOver || this.#tail.length === 0) return;
    const rest = this.#tail.take();
    // A blank line that ends in a CR was only waiting for the other half of its end.
    if (rest.at(-1) === lineEnd) this.#process(Buffer.concat([rest, endOfLine]), 0);
  }

  #feed(bytes: Buffer): void {
    const tail = this.#tail;
    if (tail.length === 0) return this.#begin(bytes);
    tail.add(bytes);
    // The end of a frame is looked for before anything else: what drips in must not be read again and again.
    if (this.#bounds.find(tail.view(), 0) !== -1) this.#begin(tail.take());
    else if (tail.length > this.#limits.eventBytesMax) this.#fail(eventTooLarge);
  }

  #begin(bytes: Buffer): void {
    if (this.#hasBegun) return this.#process(bytes, 0);
    this.#hasBegun = true;
    this.#process(bytes, measureMark(bytes) ?? 0);
  }

  #process(bytes: Buffer, start: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = start;
    while (at < bytes.length && !this.#isOver) {
      const matched = this.#templates.match(bytes, view, at);
      if (matched !== -1) {
        at = matched;
        continue;
      }
      this.#bounds.start(at);
      const end = this.#bounds.find(bytes, at);
      if (end === -1) return this.#keep(bytes.subarray(at));
      this.#readFrame(bytes.subarray(at, end));
      at = end;
    }
  }

  #keep(rest: Buffer): void {
    this.#tail.add(rest);
    this.#bounds.start(0);
    if (rest.length > this.#limits.eventBytesMax) this.#fail(eventTooLarge);
  }

  #readFrame(frame: Buffer): void {
    if (frame.length > this.#limits.eventBytesMax) return this.#fail(eventTooLarge);
    const lines = readFrameLines(frame, 0, frame.length);
    const { event, data } = lines;
    if (data === undefined) return;
    if (isDoneMark(data)) {
      this.#isOver = true;
      return this.#sink.done();
    }
    const value = parseData(data);
    if (event === "error") return this.#fail(readEventFault(data, value));
    const chunk = readChunk(value);
    if (chunk === undefined) return this.#reject(data, value);
    this.#sink.chunk(chunk);
    if (chunk.text !== "" || chunk.reasoning !== "" || chunk.toolPieces.length > 0)
      this.#bytesBeforeContent = Number.NaN;
    if (chunk.error !== undefined) this.#fail(toStreamFault(chunk.error));
    else this.#learn({ frame, lines, value, chunk });
  }

  /** What was meant as an object and is none has lost text; anything else (`ping`, `ok`) never held any. */
  #reject(data: string, value: unknown): void {
    if (data.trim() === "" || value === null) return;
    this.#sink.malformed();
    if (!data.trimStart().startsWith("{")) return;
    this.#fail({ outcome: "protocol_error", message: "a frame of the stream is no JSON" });
  }

  #learn(read: { frame: Buffer; lines: FrameLines; value: unknown; chunk: Chunk }): void {
    const { frame, lines, value, chunk } = read;
    const meaning = readChatMeaning(value, false);
    const [choice] = meaning.choices;
    // Templates read text; the pieces of calls are wanted whole.
    if (choice?.hasToolCalls === true) return;
    // Both look at the choices, and must have found the same one.
    if (choice?.text !== chunk.text || choice.reasoning !== chunk.reasoning) return;
    this.#templates.learn({
      frame,
      lines,
      meaning,
      read: (filled) => readChatMeaning(parseData(filled), false),
    });
  }

  #fail(fault: AnswerFault): void {
    this.#isOver = true;
    this.#sink.fault(fault);
  }
}

/** Creates the reader of a stream of events: frames that repeat each other but for their text are not parsed. */
export function createEventReader(sink: AnswerSink, limits: AnswerLimits): FormatReader {
  return new EventReader(sink, limits);
}
