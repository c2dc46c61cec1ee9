import type { FoundPassage, KnowledgeQuery } from "../ports.ts";

/** A search, as the thread is asked for it. */
export type SearchRequest = {
  readonly text: string;
  readonly baseIds: readonly string[];
  readonly documentIds?: readonly string[] | undefined;
  readonly limit: number;
  readonly mode: NonNullable<KnowledgeQuery["mode"]>;
  /** The question, as each of the models sees it; of length one. */
  readonly vectors: readonly { readonly model: string; readonly vector: Float32Array }[];
};

/** What came of it. */
export type SearchAnswer = {
  readonly passages: readonly FoundPassage[];
  /** Models that bases have and that no vector was given of. */
  readonly missingModels: readonly string[];
};

/** What the thread is given when it is started. */
export type SearchThreadData = {
  /** The database. */
  readonly path: string;
  /** How much memory vectors are kept in. */
  readonly vectorBytesMax: number;
  /** After so long a search makes do with what it has found by words. */
  readonly lateMs: number;
};

/** To the thread: a search. */
export type ToSearchThread = {
  readonly number: number;
  readonly request: SearchRequest;
  /** Not zero: nobody waits for it any more. Shared, because the thread reads no messages while it searches. */
  readonly isGivenUp: Int32Array<SharedArrayBuffer>;
};

/** From the thread. */
export type FromSearchThread =
  | { readonly type: "ready" }
  | { readonly number: number; readonly type: "answer"; readonly answer: SearchAnswer }
  | { readonly number: number; readonly type: "given-up" }
  | { readonly number: number; readonly type: "failure"; readonly message: string };
