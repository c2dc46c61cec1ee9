import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { toDemoAnswer, toText } from "./demo-answer.ts";
import type { DemoRequest } from "./demo-request.ts";
import { splitAnswer } from "./split-answer.ts";

/** What every chunk and every completion begins with. */
type Envelope = { readonly id: string; readonly created: number; readonly model: string };

/** How fast the demo writes. */
export type DemoPace = (piece: string) => number;

/** Long words take longer, as they do where a model writes. */
export const usualPace: DemoPace = (piece) => Math.min(40, 20 + piece.length);

/** Answers with one JSON object. */
export function sendCompletion(response: ServerResponse, request: DemoRequest, envelope: Envelope): void {
  const content = toDemoAnswer(request.messages);
  sendJson(response, 200, {
    ...envelope,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content, refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: toUsage(request, content),
  });
}

/** Answers word by word; ends early when nobody reads any more. */
export async function streamCompletion(
  response: ServerResponse,
  request: DemoRequest,
  { envelope, pace }: { readonly envelope: Envelope; readonly pace: DemoPace },
): Promise<void> {
  const leaving = new AbortController();
  response.once("close", () => leaving.abort());
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  });
  const send = async (fields: object) => {
    const chunk = JSON.stringify({ ...envelope, object: "chat.completion.chunk", ...fields });
    if (!response.write(`data: ${chunk}\n\n`)) await once(response, "drain", { signal: leaving.signal });
  };
  const sendDelta = (delta: object, finishReason: string | null) =>
    send({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] });
  const content = toDemoAnswer(request.messages);
  await sendDelta({ role: "assistant", content: "" }, null);
  for (const piece of splitAnswer(content)) {
    await wait(pace(piece), undefined, { signal: leaving.signal });
    await sendDelta({ content: piece }, null);
  }
  await sendDelta({}, "stop");
  if (request.stream_options?.include_usage === true)
    await send({ choices: [], usage: toUsage(request, content) });
  response.end("data: [DONE]\n\n");
}

/** Sends a JSON body. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length });
  response.end(bytes);
}

/** Sends an error as OpenAI's API words it. */
export function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { error: { message, type: "invalid_request_error", param: null, code: null } });
}

function toUsage({ messages }: DemoRequest, content: string) {
  const prompt = messages.reduce((sum, message) => sum + toTokens(toText(message)), 0);
  const completion = toTokens(content);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** About as many as a model would count. */
function toTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}
