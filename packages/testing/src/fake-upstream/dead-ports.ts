import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { closeServer, listenOnLoopback } from "./listen-on-loopback.ts";

/** A port of loopback on which nobody listens: connecting to it is refused. */
export async function findClosedPort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  await closeServer(server);
  return port;
}

/** A port that swallows connections: no answer to a SYN ever comes. */
export type BlackHole = AsyncDisposable & { readonly port: number; readonly url: string };

const backlog = 1;

// A listener on a thread that never runs again accepts nobody; once its backlog is full the kernel drops every SYN.
const deafListener = `
  const { createServer } = require("node:net");
  const { parentPort } = require("node:worker_threads");
  const server = createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: ${backlog} }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;

/** Opens a black hole. It works as described on Linux. */
export async function createBlackHole(): Promise<BlackHole> {
  const worker = new Worker(deafListener, { eval: true });
  const port = Number((await once(worker, "message"))[0]);
  const fillers: Socket[] = [];
  for (let count = 0; count <= backlog; count++) {
    const filler = connect(port, "127.0.0.1");
    fillers.push(filler);
    filler.on("error", () => {});
    await once(filler, "connect");
  }
  return {
    port,
    url: `http://127.0.0.1:${port}/v1`,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}
