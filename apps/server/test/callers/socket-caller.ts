import { once } from "node:events";
import type { RunEvent } from "@llm-backend/contract";
import type { ErrorShape } from "@llm-backend/server";
import { WebSocket } from "ws";

/** A message of the WebSocket face. */
export type SocketMessage = {
  readonly id: number | string | null;
  readonly method?: string;
  readonly result?: {
    readonly type: "started" | "data" | "stopped";
    readonly id?: string;
    readonly data?: { readonly json: unknown };
  };
  readonly error?: { readonly json: ErrorShape };
};

/** A caller over one WebSocket, who speaks the wire format by hand. */
export type SocketCaller = AsyncDisposable & {
  readonly socket: WebSocket;
  /** Everything that came, in order. */
  readonly messages: readonly SocketMessage[];
  /** Resolves when the socket is closed, with the code. */
  readonly closed: Promise<number>;
  send(text: string | Uint8Array): void;
  /** Calls a procedure and answers with its one message. */
  call(method: "query" | "mutation", path: string, input?: unknown): Promise<SocketMessage>;
  /** Subscribes; the events come with their ids until the subscription ends, however it ends. */
  subscribe(path: string, input: unknown, lastEventId?: string): AsyncGenerator<SocketItem, void>;
};

/** One item of a subscription. */
export type SocketItem =
  | { readonly kind: "event"; readonly id: string; readonly event: RunEvent }
  | { readonly kind: "error"; readonly error: ErrorShape }
  | { readonly kind: "stopped" };

/** Opens a WebSocket; the token goes with the first message, as the typed client sends it. */
export async function openSocketCaller(url: string, token?: string): Promise<SocketCaller> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/trpc?connectionParams=1`);
  await once(socket, "open");
  const messages: SocketMessage[] = [];
  const readers = new Set<() => void>();
  const wake = () => {
    for (const reader of readers) reader();
  };
  const closed = new Promise<number>((resolve) => {
    socket.once("close", (code) => {
      resolve(code);
      wake();
    });
  });
  socket.on("error", () => {});
  socket.on("message", (data: Buffer) => {
    const text = data.toString();
    if (text === "PING") return socket.send("PONG");
    messages.push(JSON.parse(text) as SocketMessage);
    wake();
  });
  socket.send(JSON.stringify({ method: "connectionParams", data: token === undefined ? {} : { token } }));

  let lastId = 0;
  const send = (body: unknown) => socket.send(JSON.stringify(body));

  /** The messages of one id, as they come, until the socket is closed. */
  async function* read(id: number): AsyncGenerator<SocketMessage, void> {
    for (let index = 0; ;) {
      const message = messages[index];
      if (message !== undefined) {
        index++;
        if (message.id === id) yield message;
      } else if (socket.readyState === WebSocket.CLOSED) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          const reader = () => {
            readers.delete(reader);
            resolve();
          };
          readers.add(reader);
        });
      }
    }
  }

  return {
    socket,
    messages,
    closed,
    send: (text) => socket.send(text),
    async call(method, path, input) {
      const id = ++lastId;
      send({ id, method, params: { path, input: { json: input } } });
      for await (const message of read(id)) return message;
      throw new Error(`${path}: the socket was closed.`);
    },
    async *subscribe(path, input, lastEventId) {
      const id = ++lastId;
      const more = lastEventId === undefined ? {} : { lastEventId };
      send({ id, method: "subscription", params: { path, input: { json: input }, ...more } });
      try {
        for await (const { result, error } of read(id)) {
          if (error !== undefined) return yield { kind: "error", error: error.json };
          if (result?.type === "stopped") return yield { kind: "stopped" };
          if (result?.type === "data" && result.id !== undefined) {
            const envelope = result.data?.json as { data: RunEvent };
            yield { kind: "event", id: result.id, event: envelope.data };
          }
        }
      } finally {
        if (socket.readyState === WebSocket.OPEN) send({ id, method: "subscription.stop" });
      }
    },
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await closed;
    },
  };
}
