import { gzipSync } from "node:zlib";
import type { Call } from "./call-log.ts";
import {
  answer,
  page,
  role,
  say,
  finish,
  usageOfFake,
  wait,
  wire,
  type Reply,
  type Step,
} from "./reply-steps.ts";

const toText = (pieces: string | readonly string[]): string => [pieces].flat().join("");

/** An answer in one piece, as it comes when no stream was asked for. */
export function completion(
  pieces: string | readonly string[],
  rest: {
    readonly model?: string;
    readonly usage?: Readonly<Record<string, unknown>> | null;
    readonly finishReason?: string;
  } = {},
): Reply {
  const { model = "fake-model", usage = usageOfFake, finishReason = "stop" } = rest;
  const message = { role: "assistant", content: toText(pieces), refusal: null };
  const body = {
    id: "chatcmpl-fake0000000000000000000000",
    object: "chat.completion",
    created: 1_760_000_000,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason }],
    ...(usage !== null && { usage }),
  };
  return page("application/json", JSON.stringify(body));
}

/** Tells whether a call asks for a stream. */
export const asksForStream = (call: Call): boolean =>
  (call.body as { stream?: unknown } | undefined)?.stream === true;

/** The same answer to all: as a stream to those who ask for one, else in one piece. */
export const answerAsAsked =
  (pieces: string | readonly string[]) =>
  (call: Call): Reply =>
    asksForStream(call) ? answer(pieces) : completion(pieces);

/** The text of the answer that a call wants to be continued: the last message, if the assistant said it. */
export function readPrefill(call: Call): string | undefined {
  const { messages } = (call.body ?? {}) as { messages?: readonly { role?: string; content?: unknown }[] };
  const last = messages?.at(-1);
  return last?.role === "assistant" && typeof last.content === "string" ? last.content : undefined;
}

/**
 * Answers as an upstream that takes a prefill: what the last message of the assistant has said already is not said
 * again. A prefill that its text does not begin with is answered with the whole text.
 */
export const continuing =
  (text: string) =>
  (call: Call): Reply => {
    const prefill = readPrefill(call) ?? "";
    return answer(text.startsWith(prefill) ? text.slice(prefill.length) : text);
  };

/** Vectors, in the order in which they are given. `JSON.stringify` makes null of NaN; give text for worse. */
export function embeddings(vectors: readonly (readonly number[])[]): Reply {
  const data = vectors.map((embedding, index) => ({ object: "embedding", index, embedding }));
  const usage = { prompt_tokens: vectors.length, total_tokens: vectors.length };
  return page("application/json", JSON.stringify({ object: "list", data, model: "fake-embedder", usage }));
}

/** An answer that never ends: a role, then one piece after another. */
export function endless(piece = "on and on ", pauseMs = 0): Reply {
  async function* steps(): AsyncGenerator<Step> {
    yield role();
    for (;;) {
      yield say(piece);
      if (pauseMs > 0) yield wait(pauseMs);
    }
  }
  return { steps: steps() };
}

/** A head that never ends: one header after another. */
export function drippingHead(pauseMs: number): Reply {
  async function* steps(): AsyncGenerator<Step> {
    yield wire("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n");
    for (let count = 0; ; count++) {
      yield wait(pauseMs);
      yield wire(`x-${count}: drip\r\n`);
    }
  }
  return { steps: steps() };
}

/** An answer of one-character pieces, each in a frame and a TCP write of its own. */
export const inCharacters = (text: string): Reply => ({
  steps: [role(), say([...text], { apart: true }), finish()],
});

/** A thousandth of these many bytes, which gzip makes so many again. */
export function gzipBomb(megabytes: number): Buffer {
  const member = gzipSync(Buffer.alloc(1024 * 1024), { level: 9 });
  // Members one behind the other are one file.
  return Buffer.concat(Array.from({ length: megabytes }, () => member));
}
