import { createServer, type Socket } from "node:net";
import { closeServer, listenOnLoopback } from "../fake-upstream/listen-on-loopback.ts";
import { createRespReader } from "./resp-reader.ts";

/** Something that speaks Redis' protocol and answers what a test says. */
export type RedisStub = AsyncDisposable & {
  readonly port: number;
  /** The commands that came, each with its words. */
  readonly commands: readonly (readonly string[])[];
  /** From now on every command is answered so: `-READONLY …`, `+OK`, `:1`; undefined: not at all. */
  answer: string | undefined;
};

/** Starts a stub. */
export async function startRedisStub(answer?: string): Promise<RedisStub> {
  const commands: string[][] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const read = createRespReader();
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      for (const { value } of read(bytes)) {
        commands.push(Array.isArray(value) ? value.map(String) : [String(value)]);
        if (stub.answer !== undefined) socket.write(`${stub.answer}\r\n`);
      }
    });
  });
  const port = await listenOnLoopback(server);
  const stub: RedisStub = {
    port,
    commands,
    answer,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await closeServer(server);
    },
  };
  return stub;
}
