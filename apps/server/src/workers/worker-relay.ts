import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { StartedRun } from "@llm-backend/contract";
import { OwnerLost, type RelayedEntry, type RelayFollowOptions, type RunRelay } from "@llm-backend/server";
import { answerWorkers, type WorkerServer } from "./answer-workers.ts";
import { fromRelayedError, type RelayReply, type RelayRequest } from "./relay-words.ts";
import { readValues, writeValue } from "./socket-lines.ts";

/** Where a worker is, and where the others are. */
export type WorkerRelayOptions = {
  /** Names this worker as the owner of its runs. */
  readonly owner: string;
  /** The folder of all workers' sockets, for their user only. */
  readonly folder: string;
  /** Learns of what went wrong while another worker was answered. */
  readonly onError: (error: unknown) => void;
};

const ending = ".sock";

/** The socket of a worker. */
export function toSocketPath(folder: string, owner: string): string {
  return join(folder, `${owner}${ending}`);
}

/**
 * Creates the relay between the workers of one machine: each listens on a Unix socket named after it, and every question
 * is a connection of its own. So whoever leaves, closes; a worker that dies is noticed at once by all who follow its
 * runs; and a follower that reads slowly holds up nobody but itself.
 */
export function createWorkerRelay(options: WorkerRelayOptions): RunRelay {
  const { owner: self, folder } = options;
  let server: WorkerServer | undefined;

  async function ask(owner: string, request: RelayRequest): Promise<unknown> {
    using opened = open(toSocketPath(folder, owner), request);
    try {
      for await (const reply of opened.replies) {
        if (reply.type === "done") return reply.value;
        if (reply.type === "failed") throw fromRelayedError(reply.error);
      }
    } catch (error) {
      throw isSocketError(error) ? new OwnerLost(owner, { cause: error }) : error;
    }
    throw new OwnerLost(owner);
  }

  return {
    async serve(handlers) {
      server = await answerWorkers(toSocketPath(folder, self), { handlers, onError: options.onError });
    },
    follow: (owner, runId, from) => follow({ owner, path: toSocketPath(folder, owner) }, runId, from),
    async stop(owner, runId) {
      await ask(owner, { type: "stop", runId });
    },
    start: async (owner, start) => (await ask(owner, { type: "start", start })) as StartedRun,
    listOthers: async () => listOthers(options),
    broadcast(signal) {
      for (const owner of listOthers(options)) {
        // Whoever cannot be reached is gone, or learns of it a little later.
        ask(owner, { type: "signal", signal }).catch(() => undefined);
      }
    },
    close: async () => server?.close(),
  };
}

async function* follow(
  { owner, path }: { readonly owner: string; readonly path: string },
  runId: string,
  { position, signal }: RelayFollowOptions,
): AsyncGenerator<RelayedEntry, void> {
  if (isAborted(signal)) return;
  using opened = open(path, { type: "follow", runId, position });
  const leave = () => void opened.socket.destroy();
  signal?.addEventListener("abort", leave);
  try {
    for await (const reply of opened.replies) {
      if (reply.type === "entry") yield reply.entry;
      else return;
    }
    throw new OwnerLost(owner);
  } catch (error) {
    if (isAborted(signal)) return;
    throw isSocketError(error) ? new OwnerLost(owner, { cause: error }) : error;
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}

/** A connection to another worker with its one question; disposing it leaves. */
function open(path: string, request: RelayRequest) {
  const socket: Socket = connect(path);
  // Whoever reads the replies learns of it there.
  socket.on("error", () => {});
  void writeValue(socket, request);
  return {
    socket,
    replies: readValues(socket) as AsyncGenerator<RelayReply, void>,
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function listOthers({ folder, owner: self }: WorkerRelayOptions): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(ending))
      .map((name) => name.slice(0, -ending.length))
      .filter((owner) => owner !== self);
  } catch {
    return [];
  }
}

const isAborted = (signal: AbortSignal | undefined) => signal?.aborted === true;

/** What the system says of a connection that is refused or cut, and Node of one that was left. */
function isSocketError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return "syscall" in error || ("code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE");
}
