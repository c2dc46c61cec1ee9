import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { BackendProcess } from "@llm-backend/testing";
import { WebSocket } from "ws";

/** The environment that lets a heap be read from outside. */
export const inspected = { NODE_OPTIONS: "--inspect=127.0.0.1:0" };

/** Reads the heap of a server process. */
export type HeapReader = Disposable & {
  /** Collects all garbage, and answers with the bytes that are in use then: of objects, and of what they hold outside. */
  readLive(): Promise<number>;
};

type HeapUsage = { readonly usedSize: number; readonly backingStorageSize?: number };
type Answer = {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
};

/** What only a second collection frees: what the first one has called finalizers of. */
const collections = 3;

/**
 * Connects to the inspector of a server that was started with {@link inspected}.
 *
 * @throws Error when it was not.
 */
export async function openHeapReader(server: BackendProcess): Promise<HeapReader> {
  const url = server.logLines.map((line) => /Debugger listening on (ws:\S+)/.exec(line)?.[1]).find(Boolean);
  if (url === undefined) throw new Error("The server has no inspector.");
  const socket = new WebSocket(url);
  await once(socket, "open");
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  socket.on("message", (data: Buffer) => {
    const { id, result, error } = JSON.parse(data.toString()) as Answer;
    const asker = waiting.get(id ?? -1);
    waiting.delete(id ?? -1);
    if (error === undefined) asker?.resolve(result);
    else asker?.reject(new Error(error.message));
  });

  function ask(method: string): Promise<unknown> {
    const asker = Promise.withResolvers<unknown>();
    waiting.set(++asked, asker);
    socket.send(JSON.stringify({ id: asked, method }));
    return asker.promise;
  }

  return {
    async readLive() {
      for (let round = 0; round < collections; round++) {
        await ask("HeapProfiler.collectGarbage");
        await delay(20);
      }
      const { usedSize, backingStorageSize = 0 } = (await ask("Runtime.getHeapUsage")) as HeapUsage;
      return usedSize + backingStorageSize;
    },
    [Symbol.dispose]: () => socket.close(),
  };
}
