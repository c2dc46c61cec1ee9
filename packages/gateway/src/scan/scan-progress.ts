import type { Usage } from "@llm-backend/contract";
import type { AnswerFault, AnswerLimits } from "../answer/answer-format.ts";
import type { AnswerProgress } from "../answer/answer-progress.ts";
import type { ForwardCall } from "../forward/forward-ports.ts";
import type { TextStore } from "./text-store.ts";

/** The kinds of answer that are understood while they pass. */
export type ScannedKind = Exclude<ForwardCall["kind"], "other">;

/** What is known of a stream so far. Everything is about what was passed on, or would have been. */
export type ScanProgress = AnswerProgress & {
  /** Text, reasoning, a refusal, a tool call, sound or a picture has come, in any choice. */
  hasContent: boolean;
  /** `[DONE]`, or the last event of a response. What follows is dropped. */
  isDone: boolean;
  /** Choice 0's. */
  finishReason: string | undefined;
  /** Every choice that has begun has a finish reason. */
  isFinished: boolean;
  /** The stream is worthless from here on: nothing more is passed on, nor is the frame that says so. */
  fault: AnswerFault | undefined;
  /** A frame that names the role has come. */
  sawRole: boolean;
  hasToolCalls: boolean;
  /** How many choices there are: 1 + the greatest index. */
  choicesMax: number;
  /** Code points of text and reasoning in all choices. */
  textChars: number;
  /**
   * Choice 0's text, at most `textCharsMax` UTF-16 units of it, exactly: halves of surrogate pairs that stand alone stand
   * in it too. It is put together when it is read: do not read it for every frame.
   */
  readonly text: string;
  /** The same for its reasoning. */
  readonly reasoning: string;
  /** Sound or a picture has come. */
  hasMedia: boolean;
  /** The caller has more than `text` and `reasoning` say: they were not kept whole, or sound or a picture came. */
  readonly isTextCut: boolean;
};

/** What one stream is scanned for. */
export type ScanOptions = {
  readonly kind: ScannedKind;
  /** The caller did not ask for usage: it is taken out. */
  readonly hideUsage: boolean;
  /** How many UTF-16 units of text, and of reasoning, are kept. 0 keeps none. */
  readonly textCharsMax: number;
  readonly limits: AnswerLimits;
};

/** Bytes for the caller, in order: each buffer holds whole frames. They may share memory with what was read. */
export type ScannedPiece = readonly Buffer[];

/**
 * Its getters stand on a prototype: an object that brings getters of its own is a slow one to V8, and progress is read
 * several times for every read of a stream.
 */
class Progress implements ScanProgress {
  hasContent = false;
  isDone = false;
  finishReason: string | undefined = undefined;
  finishStoodAlone = false;
  isFinished = false;
  model: string | undefined = undefined;
  usage: Usage | undefined = undefined;
  framesMalformed = 0;
  fault: AnswerFault | undefined = undefined;
  sawRole = false;
  hasToolCalls = false;
  hasMedia = false;
  choicesMax = 1;
  textChars = 0;
  readonly #text: TextStore;
  readonly #reasoning: TextStore;

  constructor(text: TextStore, reasoning: TextStore) {
    this.#text = text;
    this.#reasoning = reasoning;
  }

  get text(): string {
    return this.#text.read();
  }

  get reasoning(): string {
    return this.#reasoning.read();
  }

  get isTextCut(): boolean {
    return this.hasMedia || this.#text.isCut() || this.#reasoning.isCut();
  }
}

/** The progress of a stream that has not begun; its text is read from where it is kept. */
export function createScanProgress(text: TextStore, reasoning: TextStore): ScanProgress {
  return new Progress(text, reasoning);
}
