import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { toDeltaChunk, toFrame } from "@llm-backend/testing";
import { createRequestCutter } from "../../gateway/upstream/request-cutter.ts";

/** An upstream whose answers have no end, as fast as they are taken. */
export type EndlessUpstream = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** Connections on which an answer was asked for. */
  readonly asked: number;
  /** Lets the answers begin, and all that are asked for from now on. */
  begin(): void;
  /** Cuts all answers off, and lets those that are asked for from now on wait. */
  startOver(): void;
  /** Bytes that its system took of all answers. */
  countPushed(): number;
};

const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const framesPerWrite = 32;

/** Starts the upstream. */
export async function startEndlessUpstream(): Promise<EndlessUpstream> {
  const sockets = new Set<Socket>();
  const asked = new Set<Socket>();
  let begun = Promise.withResolvers<void>();
  const piece = toPiece();

  async function answer(socket: Socket): Promise<void> {
    asked.add(socket);
    await begun.promise;
    socket.write(head);
    const push = () => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", push);
    push();
  }

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on(
      "data",
      createRequestCutter((requestHead) => {
        if (requestHead.startsWith("POST")) void answer(socket);
      }),
    );
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 2048 });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    port,
    get asked() {
      return asked.size;
    },
    begin: () => begun.resolve(),
    startOver() {
      for (const socket of asked) socket.destroy();
      asked.clear();
      begun = Promise.withResolvers();
    },
    countPushed: () =>
      [...asked].reduce((sum, { bytesWritten, writableLength }) => sum + bytesWritten - writableLength, 0),
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** Some tokens as one HTTP chunk. */
function toPiece(): Buffer {
  const frame = toFrame(toDeltaChunk("endless-model", { content: "on and on and " }));
  const body = frame.repeat(framesPerWrite);
  return Buffer.from(`${body.length.toString(16)}\r\n${body}\r\n`);
}
