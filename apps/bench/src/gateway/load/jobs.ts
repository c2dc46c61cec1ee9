import type { AnswerFormName } from "./answer-forms.ts";

/** A place to ask, and what is asked there: whole HTTP requests. */
export type Target = { readonly port: number; readonly requests: readonly string[] };

/** Asks without a pause on some connections, until the requests or the time are used up. */
export type ClosedLoopJob = Target & {
  readonly kind: "closed-loop";
  readonly connections: number;
  readonly form: AnswerFormName;
  /** The text of every answer. */
  readonly text: string;
  /** How long requests are sent, or how many; they are used again and again. @default each of them once */
  readonly seconds?: number;
  readonly answers?: number;
};

/** What a closed loop saw. */
export type ClosedLoopResult = {
  readonly answers: number;
  readonly seconds: number;
  /** Answers that were not whole, in words; no more than a few. */
  readonly problems: readonly string[];
  /** What reading cost the reader. */
  readonly readerCpuMs: number;
};

/** Opens paced streams and keeps them open until they end. */
export type PacedJob = Target & {
  readonly kind: "paced";
  readonly streams: number;
  /** Over how long they are opened. */
  readonly openMs: number;
  /** How many tokens each of them has. */
  readonly tokens: number;
};

/** What came while it was looked at. */
export type PacedWindow = {
  readonly tokens: number;
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  readonly readerCpuMs: number;
};

/** How the paced streams ended. */
export type PacedResult = {
  /** Streams with every token once, in order, and a proper end. */
  readonly whole: number;
  readonly problems: readonly string[];
};

/**
 * Opens paced streams of which each has numbers of its own: stream i those from `i * tokens` on, as its request has
 * asked for, so that a token says where it belongs.
 */
export type SignedJob = {
  readonly kind: "signed";
  readonly port: number;
  readonly streams: readonly {
    readonly request: string;
    /** What stands behind the last token of a whole answer. */
    readonly endMark: string;
  }[];
  /** Over how long they are opened. */
  readonly openMs: number;
  /** How many tokens each of them has. */
  readonly tokens: number;
};

/** What became of the tokens of all signed streams. */
export type SignedResult = {
  /** Streams with a proper end. */
  readonly whole: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  /** Tokens that belong to another stream. */
  readonly crossed: number;
  readonly problems: readonly string[];
};

/** Asks the targets one after the other, again and again. */
export type FirstTokenJob = {
  readonly kind: "first-token";
  readonly targets: readonly Target[];
  readonly asks: number;
};

/** For each target, the milliseconds from the request to the first byte of text. */
export type FirstTokenResult = { readonly times: readonly (readonly number[])[] };

/** What is sent to the process of the reader. */
export type LoadMessage =
  | ClosedLoopJob
  | PacedJob
  | SignedJob
  | FirstTokenJob
  | { readonly kind: "begin" | "end" | "finish" };

/** What comes back. */
export type LoadAnswer = { readonly result: unknown } | { readonly error: string };
