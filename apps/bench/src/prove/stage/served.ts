import type { BackendProcess } from "@llm-backend/testing";
import { restartServer, type Restarted } from "./start-proof-server.ts";

/** A server that is ended and started again while callers go on calling. */
export type Served = AsyncDisposable & {
  /** The server that answers; while there is none, the next one. */
  readonly current: Promise<BackendProcess>;
  /** How often it was ended. */
  readonly restarts: number;
  /** Ends the server with a signal, and starts another one on its data. */
  restart(signal: NodeJS.Signals): Promise<Restarted>;
};

/** Holds a server that has been started; disposing this ends whichever is there. */
export function createServed(server: BackendProcess): Served {
  let current = Promise.resolve(server);
  let restarts = 0;
  return {
    get current() {
      return current;
    },
    get restarts() {
      return restarts;
    },
    restart(signal) {
      restarts++;
      const restarting = current.then((before) => restartServer(before, signal));
      current = restarting.then((restarted) => restarted.server);
      return restarting;
    },
    async [Symbol.asyncDispose]() {
      await (await current)[Symbol.asyncDispose]();
    },
  };
}
