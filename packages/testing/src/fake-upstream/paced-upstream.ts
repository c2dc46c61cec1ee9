import { createServer, type Socket } from "node:net";
import { closeServer, listenOnLoopback } from "./listen-on-loopback.ts";
import { toChunk, toDeltaChunk, toFrame } from "./openai-frames.ts";
import { createRequestReader, type ReceivedRequest } from "./request-reader.ts";

/** How the paced upstream answers every question. */
export type Pace = {
  /** Chunks with text in each answer. @default 100 */
  readonly tokens?: number;
  /** `burst` writes the whole answer at once. @default "burst" */
  readonly tokensPerSecond?: number | "burst";
  /** Characters of text in each chunk. @default 4 */
  readonly textChars?: number;
  /** Before the first chunk. @default 0 */
  readonly firstTokenMs?: number;
};

/** An upstream for measurements: it parses little, precomputes everything, and keeps no log. */
export type PacedUpstream = AsyncDisposable & {
  readonly port: number;
  readonly url: string;
  /** The text of every answer. */
  readonly text: string;
  readonly connectionsOpen: number;
};

/** What a paced upstream has ready before the first request. */
type Prepared = Required<Pick<Pace, "tokensPerSecond" | "firstTokenMs">> & {
  readonly text: string;
  readonly head: Buffer;
  /** One for each token, framed as an HTTP chunk; the last holds everything from the finish reason on. */
  readonly frames: readonly Buffer[];
  readonly burst: Buffer;
  readonly whole: Buffer;
};

const model = "paced-model";

/** The text of one chunk: its number, padded, so that a lost, doubled or misplaced one shows. */
function textOfToken(index: number, chars: number): string {
  return `${index} `.padStart(chars, "·").slice(-chars);
}

const toHttpChunk = (body: string): Buffer => {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
};

function prepare(pace: Pace): Prepared {
  const { tokens = 100, textChars = 4, tokensPerSecond = "burst", firstTokenMs = 0 } = pace;
  const texts = Array.from({ length: tokens }, (_, index) => textOfToken(index, textChars));
  const text = texts.join("");
  const usage = { prompt_tokens: 10, completion_tokens: tokens, total_tokens: tokens + 10 };
  const last = { index: 0, delta: {}, logprobs: null, finish_reason: "stop" };
  const tail = [toChunk(model, [last]), toChunk(model, [], { usage }), "[DONE]"]
    .map((data) => toFrame(data))
    .join("");
  const head = Buffer.from(
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n",
  );
  const frames = texts.map((content) => toHttpChunk(toFrame(toDeltaChunk(model, { content }))));
  frames.push(Buffer.concat([toHttpChunk(tail), Buffer.from("0\r\n\r\n")]));
  const message = { role: "assistant", content: text };
  const completion = JSON.stringify({
    id: "chatcmpl-paced",
    object: "chat.completion",
    created: 1_760_000_000,
    model,
    choices: [{ index: 0, message, finish_reason: "stop" }],
    usage,
  });
  const whole = Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: keep-alive\r\ncontent-length: ${Buffer.byteLength(completion)}\r\n\r\n${completion}`,
  );
  return {
    tokensPerSecond,
    firstTokenMs,
    text,
    head,
    frames,
    burst: Buffer.concat([head, ...frames]),
    whole,
  };
}

function writePaced(socket: Socket, prepared: Prepared, intervalMs: number): void {
  let next = 0;
  // Late ticks catch up, so that the pace holds on average whatever the load.
  const started = performance.now();
  const timer = setInterval(() => {
    const due = Math.min(prepared.frames.length, Math.floor((performance.now() - started) / intervalMs) + 1);
    if (due > next) socket.write(Buffer.concat(prepared.frames.slice(next, due)));
    next = due;
    if (next === prepared.frames.length || socket.destroyed) clearInterval(timer);
  }, intervalMs);
}

function reply(socket: Socket, request: ReceivedRequest, prepared: Prepared): void {
  const { tokensPerSecond, firstTokenMs } = prepared;
  if (!/"stream"\s*:\s*true/.test(request.bodyText)) return void socket.write(prepared.whole);
  if (tokensPerSecond === "burst") {
    if (firstTokenMs === 0) return void socket.write(prepared.burst);
    return void setTimeout(() => socket.destroyed || socket.write(prepared.burst), firstTokenMs);
  }
  socket.write(prepared.head);
  setTimeout(() => writePaced(socket, prepared, 1000 / tokensPerSecond), firstTokenMs);
}

/** Starts an upstream that answers every request in the same way, as cheaply as Node can. */
export async function createPacedUpstream(pace: Pace = {}, port = 0): Promise<PacedUpstream> {
  const prepared = prepare(pace);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const reader = createRequestReader();
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      for (const request of reader.read(bytes)) reply(socket, request, prepared);
    });
  });
  const boundPort = await listenOnLoopback(server, port);
  return {
    port: boundPort,
    url: `http://127.0.0.1:${boundPort}/v1`,
    text: prepared.text,
    get connectionsOpen() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      const closed = closeServer(server);
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
