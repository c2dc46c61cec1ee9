import type { ProviderError } from "../failure/provider-error.ts";
import type { Chunk } from "./chunk.ts";
import type { TextRun } from "./text-run.ts";

/** How large an answer may become. */
export type AnswerLimits = {
  /** One event of the stream, and everything that comes before the first content. */
  readonly eventBytesMax: number;
  /** The text and reasoning of one answer. */
  readonly answerBytesMax: number;
};

/** Something in the answer that makes the rest of it worthless. */
export type AnswerFault = {
  readonly outcome: "too_large" | "protocol_error" | "error_in_stream";
  readonly message: string;
  /** What the provider said, where it said something. */
  readonly error?: ProviderError;
};

/** What the readers of the two formats report to. */
export type AnswerSink = {
  readonly chunk: (chunk: Chunk) => void;
  /** Text or reasoning that is all that a frame held, as it stands there; good during the call only. */
  readonly raw: TextRun["add"];
  readonly malformed: () => void;
  readonly done: () => void;
  readonly fault: (fault: AnswerFault) => void;
};

/** Reads one format; `read` returns early once the answer is over. */
export type FormatReader = { read(bytes: Buffer): void; end(): void };
