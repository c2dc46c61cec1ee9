import type { AnswerFault } from "../answer/answer-format.ts";
import { doneFrame } from "./end-frames.ts";
import { readEventFault, toStreamFault } from "./event-error.ts";
import { editFrame, toFrame } from "./frame-edits.ts";
import { keepPlainLines, readFrameLines, type FrameLines } from "./frame-lines.ts";
import { countText, isContent, readChatMeaning, type FrameMeaning } from "./frame-meaning.ts";
import { readResponseMeaning } from "./response-meaning.ts";
import type { ScanOptions, ScanProgress } from "./scan-progress.ts";
import type { Lesson } from "./template-learner.ts";
import { countChars, type TextStore } from "./text-store.ts";

/** What becomes of a frame: its very bytes, other ones, or nothing. */
export type FrameVerdict = {
  readonly bytes: Buffer | undefined;
  /** It passed as it was, and something may be learned from it. */
  readonly lesson?: Lesson;
};

/** Reads single frames with a parser, and tells progress. */
export type FrameReader = {
  read(frame: Buffer): FrameVerdict;
  /** Counts what templates have read. */
  count(chars: number, isText: boolean): void;
};

/** What a frame reader works on. */
export type FrameReaderInput = {
  readonly options: ScanOptions;
  readonly progress: ScanProgress;
  readonly text: TextStore;
  readonly reasoning: TextStore;
};

const dropped: FrameVerdict = { bytes: undefined };
const answerTooLong: AnswerFault = { outcome: "too_large", message: "the answer is too long" };
/** The fault of an event that nobody should have to hold. */
export const eventTooLarge: AnswerFault = {
  outcome: "too_large",
  message: "an event of the stream is too large",
};
const tooManyMalformed: AnswerFault = {
  outcome: "protocol_error",
  message: "too many frames of the stream are no JSON",
};
/** A stream with more of them is not sound otherwise. */
const framesMalformedMax = 1000;
/** Whoever sends more choices than this is not counted any more. */
const choicesCounted = 1024;

/** What JSON can begin with. Failing to parse is dear: what obviously is none is not tried. */
const beginning = /^\s*[[{"\-\dtfn]/;

/** Parses data; undefined for what is no JSON. */
export function parseData(data: string): unknown {
  if (!beginning.test(data)) return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

/** Data that means the end of the stream. */
export const isDoneMark = (data: string): boolean => data === "[DONE]" || data.trim() === "[DONE]";

class Reader implements FrameReader {
  readonly #options: ScanOptions;
  readonly #progress: ScanProgress;
  readonly #text: TextStore;
  readonly #reasoning: TextStore;
  readonly #isResponse: boolean;
  readonly #begun = new Set<number>();
  readonly #finished = new Set<number>();
  #answerChars = 0;

  constructor({ options, progress, text, reasoning }: FrameReaderInput) {
    this.#options = options;
    this.#progress = progress;
    this.#text = text;
    this.#reasoning = reasoning;
    this.#isResponse = options.kind === "response";
  }

  read(frame: Buffer): FrameVerdict {
    const { eventBytesMax } = this.#options.limits;
    if (frame.length > eventBytesMax) return this.#fail(eventTooLarge);
    const lines = readFrameLines(frame, 0, frame.length);
    const { data } = lines;
    if (data === undefined) return { bytes: this.#toPlain(frame, lines) };
    if (!isDoneMark(data)) return this.#readData(frame, lines, data);
    this.#progress.isDone = true;
    return { bytes: this.#isResponse ? frame : this.#toDone(frame, lines) };
  }

  #readMeaning(value: unknown): FrameMeaning {
    return this.#isResponse
      ? readResponseMeaning(value)
      : readChatMeaning(value, this.#options.kind === "completion");
  }

  count(chars: number, isText: boolean): void {
    if (isText) this.#progress.textChars += chars;
    this.#answerChars += chars;
    if (this.#answerChars > this.#options.limits.answerBytesMax) this.#progress.fault ??= answerTooLong;
  }

  #applyChoices({ choices }: FrameMeaning, sawContent: boolean): void {
    for (const choice of choices) {
      this.#progress.choicesMax = Math.max(this.#progress.choicesMax, choice.index + 1);
      if (choice.index < choicesCounted) {
        this.#begun.add(choice.index);
        if (choice.finishReason !== undefined) this.#finished.add(choice.index);
      }
      // Some providers repeat the whole answer in a last frame.
      if (choice.isWhole && sawContent) continue;
      this.#progress.hasContent ||= isContent(choice);
      this.#progress.hasToolCalls ||= choice.hasToolCalls;
      this.#progress.hasMedia ||= choice.hasMedia;
      this.#progress.sawRole ||= choice.hasRole;
      this.count(countChars(choice.toolText), false);
      if (choice.index > 0) continue;
      this.#text.add(choice.text);
      this.#reasoning.add(choice.reasoning);
    }
  }

  #apply(meaning: FrameMeaning): void {
    const sawContent = this.#progress.hasContent;
    this.#applyChoices(meaning, sawContent);
    const isRepeated = sawContent && meaning.choices.every(({ isWhole }) => isWhole);
    if (!isRepeated) this.count(countText(meaning), true);
    this.#progress.isFinished = this.#begun.size > 0 && this.#finished.size >= this.#begun.size;
    this.#progress.model ??= meaning.model;
    this.#progress.usage = meaning.usage ?? this.#progress.usage;
    const first = meaning.choices.find(({ index }) => index === 0);
    if (first?.finishReason !== undefined) {
      this.#progress.finishReason = first.finishReason;
      this.#progress.finishStoodAlone = isRepeated || (first.text === "" && first.reasoning === "");
    }
    this.#progress.isDone ||= meaning.isEnd;
  }

  #isFinishedAgain({ choices }: FrameMeaning): boolean {
    return (
      !this.#isResponse &&
      choices.length > 0 &&
      choices.every(
        (choice) =>
          choice.finishReason !== undefined && this.#finished.has(choice.index) && !isContent(choice),
      )
    );
  }

  /** The frame without lines that callers of this kind do not need. */
  #toPlain(frame: Buffer, lines: FrameLines): Buffer | undefined {
    return lines.isPlain || this.#isResponse ? frame : keepPlainLines(frame, 0, frame.length);
  }

  /** What is no object never was a frame. It is counted, unless it says nothing at all. */
  #reject(data: string, value: unknown): FrameVerdict {
    if (data.trim() === "" || value === null) return dropped;
    this.#progress.framesMalformed++;
    return this.#progress.framesMalformed > framesMalformedMax ? this.#fail(tooManyMalformed) : dropped;
  }

  #readData(frame: Buffer, lines: FrameLines, data: string): FrameVerdict {
    const value = parseData(data);
    if (lines.event === "error") return this.#fail(readEventFault(data, value));
    if (typeof value !== "object" || value === null) return this.#reject(data, value);
    const meaning = this.#readMeaning(value);
    if (meaning.error !== undefined) return this.#fail(toStreamFault(meaning.error));
    if (Array.isArray(value)) return this.#reject(data, value);
    if (!meaning.isKnown) return dropped;
    const sawContent = this.#progress.hasContent;
    const isSaidAgain = this.#isFinishedAgain(meaning);
    this.#apply(meaning);
    if (this.#progress.fault !== undefined) return dropped;
    if (isSaidAgain) return this.#withoutChoices(value, meaning);
    const { hideUsage, kind } = this.#options;
    const edits = { hideUsage, sawContent, hasDeltas: kind === "chat" };
    const edited = this.#isResponse ? data : editFrame(data, { value, meaning }, edits);
    if (edited === undefined) return dropped;
    if (edited !== data) return { bytes: toFrame(edited) };
    const bytes = this.#toPlain(frame, lines);
    if (bytes !== frame) return { bytes };
    return {
      bytes,
      lesson: { frame, lines, meaning, read: (filled) => this.#readMeaning(parseData(filled)) },
    };
  }

  /** Callers take each reason for the end of a choice: one that was told is not told again. */
  #withoutChoices(value: object, { hasUsage }: FrameMeaning): FrameVerdict {
    const isNews = hasUsage && !this.#options.hideUsage;
    return isNews ? { bytes: toFrame(JSON.stringify({ ...value, choices: [] })) } : dropped;
  }

  /** The end in the form that callers look for. */
  #toDone(frame: Buffer, lines: FrameLines): Buffer {
    return lines.data === "[DONE]" ? (this.#toPlain(frame, lines) ?? doneFrame) : doneFrame;
  }

  #fail(fault: AnswerFault): FrameVerdict {
    this.#progress.fault ??= fault;
    return dropped;
  }
}

/** Creates the reader of one stream's frames. */
export function createFrameReader(input: FrameReaderInput): FrameReader {
  return new Reader(input);
}
