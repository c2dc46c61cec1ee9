import type { AnswerFault } from "../answer/answer-format.ts";
import { FrameBounds, readFrameLines } from "./frame-lines.ts";
import { createFrameReader, eventTooLarge, isDoneMark, parseData, type FrameReader } from "./frame-reader.ts";
import { ReadTail } from "./read-tail.ts";
import {
  createScanProgress,
  type ScanOptions,
  type ScannedPiece,
  type ScanProgress,
} from "./scan-progress.ts";
import { measureMark, readFormat, type StreamFormat } from "./stream-format.ts";
import { toStreamFrames } from "./stream-frames.ts";
import { TemplateSet } from "./template-set.ts";
import { TextStore } from "./text-store.ts";
import { judgeWhole } from "./whole-answer.ts";

/** Watches one stream of events while it passes. */
export type StreamScanner = {
  readonly progress: Readonly<ScanProgress>;
  /** Takes what a read brought, gives what may go to the caller. After an end or a fault it gives nothing. */
  scan(bytes: Buffer): ScannedPiece;
  /** The body has ended as its framing said. */
  end(): ScannedPiece;
};

const nothing: ScannedPiece = [];
const noBytes = Buffer.alloc(0);
const endOfLine = Buffer.from("\n");
const faults = {
  page: { outcome: "protocol_error", message: "the answer is a page, not a stream" },
  notStreamed: { outcome: "protocol_error", message: "the answer is no stream" },
  blank: { outcome: "too_large", message: "the answer is blank" },
  early: { outcome: "too_large", message: "too much came before any content" },
  answer: { outcome: "too_large", message: "the answer is too long" },
} as const satisfies Record<string, AnswerFault>;

class Scanner implements StreamScanner {
  readonly progress: ScanProgress;
  readonly #options: ScanOptions;
  readonly #frames: FrameReader;
  readonly #templates: TemplateSet;
  readonly #bounds = new FrameBounds();
  readonly #tail = new ReadTail();
  #format: StreamFormat | undefined;
  #bytesBeforeContent = 0;

  constructor(options: ScanOptions) {
    const text = new TextStore(options.textCharsMax);
    const reasoning = new TextStore(options.textCharsMax);
    this.#options = options;
    this.progress = createScanProgress(text, reasoning);
    this.#frames = createFrameReader({ options, progress: this.progress, text, reasoning });
    const frameBytesMax = options.limits.eventBytesMax;
    this.#templates = new TemplateSet({ frames: this.#frames, text, reasoning, frameBytesMax });
  }

  scan(bytes: Buffer): ScannedPiece {
    const { progress } = this;
    if (this.#isOver()) return nothing;
    const piece = this.#format === "events" ? this.#feed(bytes) : this.#begin(bytes);
    if (!progress.hasContent) {
      this.#bytesBeforeContent += bytes.length;
      if (this.#format === "events" && this.#bytesBeforeContent > this.#options.limits.eventBytesMax)
        this.#fail(faults.early);
    }
    return piece;
  }

  end(): ScannedPiece {
    if (this.#isOver()) return nothing;
    return this.#format === "json" ? this.#endJson() : this.#endEvents();
  }

  #isOver(): boolean {
    return this.progress.isDone || this.progress.fault !== undefined;
  }

  #fail(fault: AnswerFault): ScannedPiece {
    if (!this.#isOver()) this.progress.fault = fault;
    return nothing;
  }

  /** Until the format is known, everything is gathered. */
  #begin(bytes: Buffer): ScannedPiece {
    const { eventBytesMax, answerBytesMax } = this.#options.limits;
    if (this.#tail.length > 0 || this.#format === "json") {
      this.#tail.add(bytes);
      // Escapes can make JSON six times as long as the text it holds; twice is what real answers stay below.
      if (this.#tail.length > 2 * answerBytesMax + eventBytesMax) return this.#fail(faults.answer);
      if (this.#format === "json") return nothing;
    }
    const seen = this.#tail.length > 0 ? this.#tail.view() : bytes;
    const mark = measureMark(seen);
    this.#format = mark === undefined ? undefined : readFormat(seen, mark);
    if (this.#format === "page") return this.#fail(faults.page);
    if (this.#format === "events")
      return this.#process(this.#tail.length > 0 ? this.#tail.take() : bytes, mark);
    if (this.#tail.length === 0) this.#tail.add(bytes);
    return this.#format === undefined && seen.length > eventBytesMax ? this.#fail(faults.blank) : nothing;
  }

  #feed(bytes: Buffer): ScannedPiece {
    const tail = this.#tail;
    if (tail.length === 0) return this.#process(bytes);
    tail.add(bytes);
    // The end of a frame is looked for before anything else: what drips in must not be read again and again.
    if (this.#bounds.find(tail.view(), 0) !== -1) return this.#process(tail.take());
    return tail.length > this.#options.limits.eventBytesMax ? this.#fail(eventTooLarge) : nothing;
  }

  /** Reads all whole frames. Runs of frames that pass as they are stay one piece of the read. */
  #process(bytes: Buffer, start = 0): ScannedPiece {
    const templates = this.#templates;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const pieces: Buffer[] = [];
    let runStart = start;
    let at = start;
    while (at < bytes.length && !this.#isOver()) {
      const matched = templates.match(bytes, view, at);
      if (this.progress.fault !== undefined) break;
      if (matched !== -1) {
        at = matched;
        continue;
      }
      this.#bounds.start(at);
      const end = this.#bounds.find(bytes, at);
      if (end === -1) break;
      const frame = bytes.subarray(at, end);
      const passed = this.#read(frame);
      if (passed !== frame) {
        pieces.push(bytes.subarray(runStart, at), passed);
        runStart = end;
      }
      at = end;
    }
    if (at > runStart)
      pieces.push(runStart === 0 && at === bytes.length ? bytes : bytes.subarray(runStart, at));
    if (at < bytes.length && !this.#isOver()) this.#keep(bytes.subarray(at));
    return pieces.length > 1 ? pieces.filter(({ length }) => length > 0) : pieces;
  }

  /** What passes of a frame: its very bytes, others, or none. */
  #read(frame: Buffer): Buffer {
    const { bytes, lesson } = this.#frames.read(frame);
    if (lesson !== undefined) this.#templates.learn(lesson);
    return bytes ?? noBytes;
  }

  #keep(rest: Buffer): void {
    this.#tail.add(rest);
    this.#bounds.start(0);
    if (rest.length > this.#options.limits.eventBytesMax) this.#fail(eventTooLarge);
  }

  /** An event without the blank line that ends it does not count, says the format; but a whole one has only lost that. */
  #endEvents(): ScannedPiece {
    if (this.#tail.length === 0) return nothing;
    const rest = this.#tail.take();
    const closed = Buffer.concat([rest, endOfLine]);
    this.#bounds.start(0);
    const isClosed = this.#bounds.find(closed, 0) !== -1;
    // A blank line that ends in a CR was only waiting for the other half of its end.
    if (isClosed && rest.at(-1) === 0x0d) return this.#process(closed);
    const frame = isClosed ? closed : Buffer.concat([closed, endOfLine]);
    const { data } = readFrameLines(frame, 0, frame.length);
    if (data === undefined || (!isDoneMark(data) && parseData(data) === undefined)) return nothing;
    return this.#process(frame);
  }

  #endJson(): ScannedPiece {
    const { kind } = this.#options;
    const body = this.#tail.take();
    const completion = body.subarray(measureMark(body));
    const { fault } = judgeWhole(completion, kind);
    if (fault !== undefined) return this.#fail(fault);
    const frames = toStreamFrames(completion, { kind, includeUsage: true });
    return frames === undefined ? this.#fail(faults.notStreamed) : this.#process(frames);
  }
}

/**
 * Creates the scanner of one streamed answer. Frames pass byte for byte, except: what is no frame of the kind, and lines
 * other than data and comments (of a chat or completion), are taken out; so is usage when it is hidden; a frame that
 * carries an error is kept back, see `progress.fault`; nothing passes after the end. A body that is one JSON completion
 * becomes a stream when it ends.
 */
export function createStreamScanner(options: ScanOptions): StreamScanner {
  return new Scanner(options);
}
