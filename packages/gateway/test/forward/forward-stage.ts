import type { Readable } from "node:stream";
import type { ForwardBody, ForwardResult, ForwardSink, Gateway } from "../../src/index.ts";
import { readForwardCall } from "../../src/index.ts";

/** What a caller got. */
export type Got = {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  /** How it ended; undefined: nobody ended it. */
  readonly end: "end" | "cut" | undefined;
  readonly result: ForwardResult;
};

/** What a caller asks; a body that is an object goes as JSON. */
export type Asks = {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | Buffer | { readonly stream: Readable; readonly length?: number };
  readonly signal?: AbortSignal;
  readonly mayUse?: (upstreamId: string) => boolean;
  /** Sees every write; `false` holds the answer back until `drain` is called. */
  readonly onWrite?: (bytes: Uint8Array, drain: () => void) => boolean;
};

/** A question that is streamed. */
export const question = { model: "fake-model", stream: true, messages: [{ role: "user", content: "Hi" }] };

function toBody(body: Asks["body"]): ForwardBody {
  if (body === undefined) return { kind: "none" };
  if (Buffer.isBuffer(body)) return { kind: "whole", bytes: body };
  if ("stream" in body && typeof body.stream === "object")
    return { kind: "stream", source: body.stream, length: body.length };
  return { kind: "whole", bytes: Buffer.from(JSON.stringify(body)) };
}

/** Sends a call through a gateway, and gathers what comes back. */
export async function forward(gateway: Gateway, asks: Asks = {}): Promise<Got> {
  const pieces: Buffer[] = [];
  let head: { status: number; headers: Readonly<Record<string, unknown>> } | undefined;
  let end: Got["end"];
  let drain = (): void => {};
  const once = (what: "end" | "cut"): void => {
    if (end !== undefined) throw new Error(`ended twice: ${end}, then ${what}`);
    end = what;
  };
  const sink: ForwardSink = {
    head(status, headers) {
      if (head !== undefined) throw new Error("a second head");
      head = { status, headers };
    },
    write(bytes) {
      if (head === undefined || end !== undefined) throw new Error("a write out of place");
      pieces.push(Buffer.from(bytes));
      return asks.onWrite?.(bytes, drain) ?? true;
    },
    onDrain: (listener) => void (drain = listener),
    end: () => once("end"),
    cut: () => once("cut"),
  };
  const call = readForwardCall({
    id: "req_test",
    method: asks.method ?? "POST",
    path: asks.path ?? "/chat/completions",
    headers: { "content-type": "application/json", ...asks.headers },
    body: toBody("body" in asks ? asks.body : question),
  });
  const result = await gateway.forward(call, {
    signal: asks.signal ?? new AbortController().signal,
    sink,
    textCharsMax: 10_000,
    ...(asks.mayUse !== undefined && { mayUse: asks.mayUse }),
  });
  return { status: head?.status, headers: head?.headers ?? {}, body: Buffer.concat(pieces), end, result };
}

/** The text of a stream of chat chunks, and how it ends on the wire. */
export function readChat(body: Buffer): {
  text: string;
  isDone: boolean;
  error: string | undefined;
  finish: string | undefined;
} {
  let text = "";
  let isDone = false;
  let error: string | undefined;
  let finish: string | undefined;
  for (const frame of body.toString().split("\n\n")) {
    const data = frame.startsWith("data: ") ? frame.slice(6) : undefined;
    if (data === undefined) continue;
    if (data === "[DONE]") {
      isDone = true;
      continue;
    }
    const chunk = JSON.parse(data) as {
      error?: { code: string };
      choices?: { delta?: { content?: string }; finish_reason?: string }[];
    };
    error ??= chunk.error?.code;
    text += chunk.choices?.[0]?.delta?.content ?? "";
    finish ??= chunk.choices?.[0]?.finish_reason ?? undefined;
  }
  return { text, isDone, error, finish };
}
