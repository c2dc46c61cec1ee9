import { toChunk, toDeltaChunk, toFrame } from "@llm-backend/testing/fake-upstream";
import { tokenPlace } from "./paced-token.ts";
import { toModel, toTexts, type Script } from "./script.ts";

/** Everything that is sent for a script, made before the first request is answered. */
export type Answer = {
  readonly script: Script;
  /** The answer in one piece, for those who ask for no stream. */
  readonly whole: Buffer;
  /** Head and role. */
  readonly opening: Buffer;
  /** All tokens of a burst, each an HTTP chunk of its own, as a model server writes them. */
  readonly burst: Buffer;
  /** One paced token, and where in it the token is to be written. */
  readonly paced: { readonly bytes: Buffer; readonly placeAt: number };
  /** Finish reason, usage, `[DONE]`, and the end of the body. */
  readonly ending: Buffer;
};

/** Makes the answers to a script. */
export function createAnswer(script: Script): Answer {
  const model = toModel(script);
  const { tokens } = script;
  const texts = script.kind === "burst" ? toTexts(tokens) : [];
  const usage = { prompt_tokens: 10, completion_tokens: tokens, total_tokens: tokens + 10 };
  const last = { index: 0, delta: {}, logprobs: null, finish_reason: "stop" };
  const say = (content: string) => toHttpChunk(toFrame(toDeltaChunk(model, { content })));
  const paced = say(tokenPlace);
  const tail = [toChunk(model, [last]), toChunk(model, [], { usage }), "[DONE]"].map((data) => toFrame(data));
  return {
    script,
    whole: toWhole(model, { text: texts.join(""), usage }),
    opening: Buffer.concat([
      Buffer.from(streamHead),
      toHttpChunk(toFrame(toDeltaChunk(model, { role: "assistant", content: "" }))),
    ]),
    burst: Buffer.concat(texts.map(say)),
    paced: { bytes: paced, placeAt: paced.indexOf(tokenPlace) },
    ending: Buffer.concat([toHttpChunk(tail.join("")), Buffer.from("0\r\n\r\n")]),
  };
}

const streamHead = [
  "HTTP/1.1 200 OK",
  "content-type: text/event-stream; charset=utf-8",
  "connection: keep-alive",
  "transfer-encoding: chunked",
  "\r\n",
].join("\r\n");

function toHttpChunk(body: string): Buffer {
  return Buffer.from(`${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`);
}

function toWhole(model: string, { text, usage }: { text: string; usage: object }): Buffer {
  const message = { role: "assistant", content: text, refusal: null };
  return toJsonAnswer({
    id: "chatcmpl-fake0000000000000000000000",
    object: "chat.completion",
    created: 1_760_000_000,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: "stop" }],
    usage,
    system_fingerprint: "fp_fake",
  });
}

/** An HTTP answer with a JSON body. */
export function toJsonAnswer(value: unknown): Buffer {
  const body = JSON.stringify(value);
  const head = [
    "HTTP/1.1 200 OK",
    "content-type: application/json",
    "connection: keep-alive",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}
