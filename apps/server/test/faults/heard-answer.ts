import type { IncomingHttpHeaders } from "node:http";
import { readEvents, type StreamEvent } from "./read-events.ts";

/** An error as OpenAI's callers know it. */
export type WireError = {
  readonly message?: unknown;
  readonly type?: unknown;
  readonly code?: unknown;
  readonly param?: unknown;
};

/** What came over the wire, and nothing else. */
export type RawAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** The connection ended before the body did. */
  readonly isCut: boolean;
  /** Milliseconds from the request to the head and to the end. */
  readonly headMs: number;
  readonly totalMs: number;
};

/** An answer of `/v1/chat/completions`, read as a strict client reads it. */
export type HeardAnswer = RawAnswer & {
  readonly isStream: boolean;
  readonly body: string;
  /** The parsed body of an answer that is no stream. */
  readonly json: unknown;
  readonly events: readonly StreamEvent[];
  /** Bytes behind the last event. */
  readonly unfinished: string;
  /** Text, refusal and reasoning of the first choice. */
  readonly text: string;
  readonly refusal: string;
  readonly reasoning: string;
  readonly finishReasons: readonly string[];
  /** How many `[DONE]` came. */
  readonly dones: number;
  readonly errors: readonly WireError[];
  /** The models that the pieces name. */
  readonly models: readonly string[];
  readonly usage: Readonly<Record<string, unknown>> | undefined;
};

type Choice = {
  readonly index?: number;
  readonly finish_reason?: string | null;
  readonly delta?: Message | null;
  readonly message?: Message | null;
};
type Message = {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
};
type Piece = {
  readonly model?: string;
  readonly choices?: readonly Choice[] | null;
  readonly error?: WireError;
  readonly usage?: Readonly<Record<string, unknown>> | null;
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const toText = (value: unknown): string => (typeof value === "string" ? value : "");

/** Reads an answer. What it cannot read it leaves out: the oracle has its own opinion about that. */
export function readAnswer(raw: RawAnswer): HeardAnswer {
  const body = raw.bytes.toString();
  const isStream = /^text\/event-stream\b/.test(raw.headers["content-type"] ?? "");
  const { events, unfinished } = isStream ? readEvents(body) : { events: [], unfinished: "" };
  const json = isStream ? undefined : parse(body);
  const pieces = (isStream ? events.map(({ data }) => parse(data)) : [json]).filter(isObject) as Piece[];
  const choices = pieces
    .flatMap((piece) => (Array.isArray(piece.choices) ? (piece.choices as readonly Choice[]) : []))
    .filter((choice) => isObject(choice) && (choice.index ?? 0) === 0);
  const messages = choices.map(({ delta, message }) => delta ?? message ?? {});
  return {
    ...raw,
    isStream,
    body,
    json,
    events,
    unfinished,
    text: messages.map(({ content }) => toText(content)).join(""),
    refusal: messages.map(({ refusal }) => toText(refusal)).join(""),
    reasoning: messages.map((one) => toText(one.reasoning_content ?? one.reasoning)).join(""),
    // Some providers write an empty one where they mean none.
    finishReasons: choices.flatMap(({ finish_reason: reason }) => reason || []),
    dones: events.filter(({ data }) => data === "[DONE]").length,
    errors: pieces.flatMap(({ error }) => error ?? []),
    models: [...new Set(pieces.flatMap(({ model }) => model ?? []))],
    usage: pieces.findLast(({ usage }) => isObject(usage))?.usage ?? undefined,
  };
}
