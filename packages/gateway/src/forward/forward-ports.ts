import type { Readable } from "node:stream";
import type { DomainError, Usage } from "@llm-backend/contract";
import type { AttemptReport } from "../attempt/attempt-ports.ts";

/** The body of a call: nothing, all of it, or a stream that is passed on as it comes. */
export type ForwardBody =
  | { readonly kind: "none" }
  | { readonly kind: "whole"; readonly bytes: Buffer }
  | { readonly kind: "stream"; readonly source: Readable; readonly length: number | undefined };

/** One call under `/v1`, as its caller sent it. */
export type ForwardRequest = {
  /** Names the request in reports. */
  readonly id: string;
  readonly method: string;
  /** What stands after `/v1`, with the query: `/chat/completions`. */
  readonly path: string;
  /** Names in lower case. The gateway chooses what goes out. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: ForwardBody;
};

/** What a call says of itself, as far as it matters before it is sent. */
export type ForwardCall = {
  readonly request: ForwardRequest;
  /** The model it asks for; a body that is no JSON counts as the model named like its path. */
  readonly model: string;
  /** The models to ask when none of `model` can answer, in their order. */
  readonly fallbacks: readonly string[];
  /** What kind of answer is understood and guarded: anything else passes as bytes. */
  readonly kind: "chat" | "completion" | "response" | "other";
  readonly isStreamed: boolean;
  readonly wantsUsage: boolean;
  /**
   * The body says `model`, and no field that is read here twice; no other models stand in it. For an upstream that calls
   * the model the same, nothing of it has to change.
   */
  readonly isPlain: boolean;
  /** The most tokens that the answer may have, where the body says so. */
  readonly maxTokens: number | undefined;
};

/** Where an answer goes. */
export type ForwardSink = {
  /** The answer begins. Called at most once, before everything else. */
  head(status: number, headers: Readonly<Record<string, string | readonly string[]>>): void;
  /** False: nothing more until the listener of `onDrain` is called. */
  write(bytes: Uint8Array): boolean;
  /** Names the one listener that is called when more can be taken. */
  onDrain(listener: () => void): void;
  /** All of the answer, or an error in its own format, has been written. */
  end(): void;
  /** What has been written must not pass for a whole answer: the connection is cut. */
  cut(): void;
};

/** What `forward` needs beside the call. */
export type ForwardOptions = {
  /** Closes the upstream's socket at once, in every phase: the caller is gone. */
  readonly signal: AbortSignal;
  readonly sink: ForwardSink;
  /** Which upstreams the caller may use. @default all */
  readonly mayUse?: (upstreamId: string) => boolean;
  /** How many characters of the answer's text are kept for the record; 0 keeps none. */
  readonly textCharsMax: number;
};

/** What came of a call; it is told even when nothing could be answered. */
export type ForwardResult = {
  /** Something was written to the sink: an answer, or a refusal in the upstream's own words. */
  readonly isAnswered: boolean;
  /** The status that the caller got; undefined when the sink was not touched. */
  readonly status: number | undefined;
  /** Why the answer is none, or not whole. When the sink was not touched, the caller has to be told. */
  readonly error: DomainError | undefined;
  /** The name and id of the upstream that answered. */
  readonly upstream: string | undefined;
  readonly upstreamId: string | undefined;
  /** The model that really answered, in the upstream's words. */
  readonly model: string | undefined;
  readonly finishReason: string | undefined;
  /** As the provider reported it; of the attempt that answered only. */
  readonly usage: Usage | undefined;
  /** The beginning of the answer's text, as far as it was kept. */
  readonly text: string;
  /** Characters of text and reasoning in the whole answer. */
  readonly textChars: number;
  readonly attempts: readonly AttemptReport[];
  /** Milliseconds from the call to the first byte for the caller, and to the end. */
  readonly firstByteMs: number | undefined;
  readonly totalMs: number;
};
