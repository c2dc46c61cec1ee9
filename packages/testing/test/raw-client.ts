import { connect, type Socket } from "node:net";

/** Everything a server sent on one connection, and how the connection ended. */
export type RawExchange = Disposable & {
  readonly socket: Socket;
  /** All bytes so far, as latin1. */
  readonly received: () => string;
  /** Resolves when the predicate holds for what was received. */
  readonly until: (seen: (received: string) => boolean) => Promise<string>;
  /** How the connection ended: by FIN, or with an error's code. */
  readonly ended: Promise<string>;
  /** Sizes of the reads. */
  readonly reads: number[];
};

/** Opens a socket and writes bytes on it. */
export function openRaw(port: number, bytes: string): RawExchange {
  const socket = connect({ port, host: "127.0.0.1" });
  const reads: number[] = [];
  const watchers = new Set<() => void>();
  let text = "";
  socket.on("data", (chunk) => {
    reads.push(chunk.length);
    text += chunk.toString("latin1");
    for (const watcher of watchers) watcher();
  });
  const ended = new Promise<string>((resolve) => {
    socket.once("end", () => resolve("FIN"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  socket.write(bytes);
  return {
    socket,
    reads,
    ended,
    received: () => text,
    until: (seen) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!seen(text)) return;
          watchers.delete(look);
          resolve(text);
        };
        watchers.add(look);
        look();
      }),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** The bytes of a chat request. */
export function chatRequest(body: object = { model: "m", stream: true, messages: [] }): string {
  const text = JSON.stringify(body);
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
