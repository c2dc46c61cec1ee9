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

/** Creates the reader of one stream's frames. */
export function createFrameReader({ options, progress, text, reasoning }: FrameReaderInput): FrameReader {
  const { kind, hideUsage, limits } = options;
  const isResponse = kind === "response";
  const begun = new Set<number>();
  const finished = new Set<number>();
  let answerChars = 0;

  function readMeaning(value: unknown): FrameMeaning {
    return isResponse ? readResponseMeaning(value) : readChatMeaning(value, kind === "completion");
  }

  function count(chars: number, isText: boolean): void {
    if (isText) progress.textChars += chars;
    answerChars += chars;
    if (answerChars > limits.answerBytesMax) progress.fault ??= answerTooLong;
  }

  function applyChoices({ choices }: FrameMeaning, sawContent: boolean): void {
    for (const choice of choices) {
      progress.choicesMax = Math.max(progress.choicesMax, choice.index + 1);
      if (choice.index < choicesCounted) {
        begun.add(choice.index);
        if (choice.finishReason !== undefined) finished.add(choice.index);
      }
      // Some providers repeat the whole answer in a last frame.
      if (choice.isWhole && sawContent) continue;
      progress.hasContent ||= isContent(choice);
      progress.hasToolCalls ||= choice.hasToolCalls;
      progress.hasMedia ||= choice.hasMedia;
      progress.sawRole ||= choice.hasRole;
      count(countChars(choice.toolText), false);
      if (choice.index > 0) continue;
      text.add(choice.text);
      reasoning.add(choice.reasoning);
    }
  }

  function apply(meaning: FrameMeaning): void {
    const sawContent = progress.hasContent;
    applyChoices(meaning, sawContent);
    const isRepeated = sawContent && meaning.choices.every(({ isWhole }) => isWhole);
    if (!isRepeated) count(countText(meaning), true);
    progress.isFinished = begun.size > 0 && finished.size >= begun.size;
    progress.model ??= meaning.model;
    progress.usage = meaning.usage ?? progress.usage;
    const first = meaning.choices.find(({ index }) => index === 0);
    if (first?.finishReason !== undefined) {
      progress.finishReason = first.finishReason;
      progress.finishStoodAlone = isRepeated || (first.text === "" && first.reasoning === "");
    }
    progress.isDone ||= meaning.isEnd;
  }

  function isFinishedAgain({ choices }: FrameMeaning): boolean {
    return (
      !isResponse &&
      choices.length > 0 &&
      choices.every(
        (choice) => choice.finishReason !== undefined && finished.has(choice.index) && !isContent(choice),
      )
    );
  }

  /** The frame without lines that callers of this kind do not need. */
  function toPlain(frame: Buffer, lines: FrameLines): Buffer | undefined {
    return lines.isPlain || isResponse ? frame : keepPlainLines(frame, 0, frame.length);
  }

  /** What is no object never was a frame. It is counted, unless it says nothing at all. */
  function reject(data: string, value: unknown): FrameVerdict {
    if (data.trim() === "" || value === null) return dropped;
    progress.framesMalformed++;
    return progress.framesMalformed > framesMalformedMax ? fail(tooManyMalformed) : dropped;
  }

  function readData(frame: Buffer, lines: FrameLines, data: string): FrameVerdict {
    const value = parseData(data);
    if (lines.event === "error") return fail(readEventFault(data, value));
    if (typeof value !== "object" || value === null) return reject(data, value);
    const meaning = readMeaning(value);
    if (meaning.error !== undefined) return fail(toStreamFault(meaning.error));
    if (Array.isArray(value)) return reject(data, value);
    if (!meaning.isKnown) return dropped;
    const sawContent = progress.hasContent;
    const isSaidAgain = isFinishedAgain(meaning);
    apply(meaning);
    if (progress.fault !== undefined) return dropped;
    if (isSaidAgain) return withoutChoices(value, meaning);
    const edits = { hideUsage, sawContent, hasDeltas: kind === "chat" };
    const edited = isResponse ? data : editFrame(data, { value, meaning }, edits);
    if (edited === undefined) return dropped;
    if (edited !== data) return { bytes: toFrame(edited) };
    const bytes = toPlain(frame, lines);
    if (bytes !== frame) return { bytes };
    return { bytes, lesson: { frame, lines, meaning, read: (filled) => readMeaning(parseData(filled)) } };
  }

  /** Callers take each reason for the end of a choice: one that was told is not told again. */
  function withoutChoices(value: object, { hasUsage }: FrameMeaning): FrameVerdict {
    const isNews = hasUsage && !hideUsage;
    return isNews ? { bytes: toFrame(JSON.stringify({ ...value, choices: [] })) } : dropped;
  }

  /** The end in the form that callers look for. */
  function toDone(frame: Buffer, lines: FrameLines): Buffer {
    return lines.data === "[DONE]" ? (toPlain(frame, lines) ?? doneFrame) : doneFrame;
  }

  function fail(fault: AnswerFault): FrameVerdict {
    progress.fault ??= fault;
    return dropped;
  }

  return {
    count,
    read(frame) {
      if (frame.length > limits.eventBytesMax) return fail(eventTooLarge);
      const lines = readFrameLines(frame, 0, frame.length);
      const { data } = lines;
      if (data === undefined) return { bytes: toPlain(frame, lines) };
      if (!isDoneMark(data)) return readData(frame, lines, data);
      progress.isDone = true;
      return { bytes: isResponse ? frame : toDone(frame, lines) };
    },
  };
}
