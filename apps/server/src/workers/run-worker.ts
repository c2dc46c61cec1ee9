import cluster from "node:cluster";
import type { Logger } from "pino";
import type { Config } from "../config/to-config.ts";
import type { Environment } from "../env.ts";
import { startServer, type RunningServer } from "../start-server.ts";
import { openWorkerLine, type WorkerLine } from "./worker-line.ts";
import { createWorkerRelay } from "./worker-relay.ts";

/** What a worker is started with: the same as a process that serves alone. */
export type WorkerOptions = {
  readonly config: Config;
  readonly environment: Environment;
  readonly logger: Logger;
  /** Puts what kept it from serving into one sentence. */
  readonly toSentence: (error: unknown) => string;
};

/** Whether this process was started by a primary, to serve for it. */
export function isWorker(): boolean {
  return cluster.isWorker;
}

/** Lets go of the primary, and with it ends. */
export function leavePrimary(): void {
  process.disconnect();
}

/** Serves as one of several workers, until the primary says otherwise. It does nothing about signals: they are for the primary. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const line = await openWorkerLine();
  const logger = options.logger.child({ worker: line.seat.number });
  const ended = Promise.withResolvers<void>();
  try {
    const server = await startServer({ ...options, logger, seat: toSeat(line, logger) });
    const end = (work: Promise<void>) => void work.then(ended.resolve, ended.reject);
    line.follow({
      lead: () => server.lead(),
      leave: () => end(leave(server)),
      stop: () => end(server.stop()),
      stopNow: () => end(server.stopNow()),
      collect: () => server.metrics.collect(),
    });
    line.tell({ type: "ready", urls: server.urls });
  } catch (error) {
    // The primary says it, once for all.
    line.tell({ type: "refused", sentence: options.toSentence(error) });
    return;
  }
  await ended.promise;
}

async function leave(server: RunningServer): Promise<void> {
  await server.leave();
  await server.stop();
}

function toSeat(line: WorkerLine, logger: Logger) {
  const { owner, folder } = line.seat;
  const onError = (error: unknown) => logger.error({ err: error }, "A worker could not be answered");
  const relay = createWorkerRelay({ owner, folder, onError });
  return {
    owner,
    relay,
    alerts: line.alerts,
    metrics: line.metrics,
    describeOthers: line.describeOthers,
  };
}
