import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { FromWorker, ToWorker } from "./worker-messages.ts";
import { startWorkerProcess, type WorkerProcess } from "./worker-process.ts";
import { toSocketPath } from "./worker-relay.ts";

/** The workers of a primary: as many as there should be, each replaced when it ends. */
export type WorkerPool = {
  /** All that live, ready or not. */
  list(): readonly WorkerProcess[];
  /** Starts them all; resolves with where they listen. @throws Error when one of them cannot serve. */
  start(): Promise<readonly string[]>;
  /** Puts a new process in the place of each, one after the other: the old one goes when the new one serves. */
  readonly replaceAll: () => Promise<void>;
  /** Ends them all; resolves when they are gone. */
  stop(): Promise<void>;
  /** Does not let them wait for answers any more. */
  readonly stopNow: () => void;
};

/** What the pool stands on. */
export type WorkerPoolOptions = {
  readonly count: number;
  readonly folder: string;
  readonly logger: Logger;
  readonly onMessage: (worker: WorkerProcess, message: FromWorker) => void;
  /** A worker is gone: what it left behind is to be ended, of all that are not among the living. */
  readonly onGone: (livingOwners: readonly string[]) => Promise<void>;
  /** A worker that was told to stop is killed after so long. */
  readonly stopMs: number;
};

/** A worker that does not start is tried again after a while, which doubles up to the second figure. */
const backoffMs = [250, 10_000] as const;

/** Creates the pool. */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const { folder, logger } = options;
  const workers = new Set<WorkerProcess>();
  /** Those that were told to go: nobody takes their place when they do. */
  const leaving = new Set<WorkerProcess>();
  const successors = new WeakMap<WorkerProcess, WorkerProcess>();
  let leader: WorkerProcess | undefined;
  let isStopping = false;

  const tellAll = (message: ToWorker) => {
    for (const worker of workers) worker.tell(message);
  };
  const staying = () => [...workers].filter((worker) => worker.isReady && !leaving.has(worker));

  function announce(): void {
    tellAll({ type: "workers", ready: staying().length, count: options.count });
    if (leader !== undefined && workers.has(leader) && !leaving.has(leader)) return;
    leader = staying()[0];
    leader?.tell({ type: "lead" });
  }

  function start(number: number): WorkerProcess {
    const worker = startWorkerProcess({ number, folder, onMessage: options.onMessage });
    workers.add(worker);
    worker.ready.then(announce, () => undefined);
    void worker.exited.then(() => gone(worker));
    return worker;
  }

  async function gone(worker: WorkerProcess): Promise<void> {
    workers.delete(worker);
    rmSync(toSocketPath(folder, worker.owner), { force: true });
    const isExpected = leaving.delete(worker) || isStopping;
    if (!isExpected) logger.error({ worker: worker.number }, "A worker ended; another one takes its place");
    announce();
    await options
      .onGone([...workers].map(({ owner }) => owner))
      .catch((error: unknown) => logger.error({ err: error }, "What a worker left behind was not ended"));
  }

  /** Keeps a place filled until the pool stops. */
  async function keep(first: WorkerProcess): Promise<void> {
    let worker = first;
    let waitMs: number = backoffMs[0];
    while (!isStopping) {
      const urls = await worker.ready.catch((error: unknown) => {
        logger.error({ worker: worker.number, err: error }, "A worker could not start");
      });
      if (urls !== undefined) {
        waitMs = backoffMs[0];
        await worker.exited;
      } else {
        await pause(waitMs, undefined, { ref: false });
        waitMs = Math.min(waitMs * 2, backoffMs[1]);
      }
      if (!isStopping) worker = successors.get(worker) ?? start(worker.number);
    }
  }

  async function replace(worker: WorkerProcess): Promise<void> {
    const next = start(worker.number);
    try {
      await next.ready;
    } catch (error) {
      logger.error({ err: error }, "A new worker could not start; the old one goes on");
      return;
    }
    successors.set(worker, next);
    leaving.add(worker);
    worker.tell({ type: "leave" });
    announce();
    await worker.exited;
  }

  return {
    list: () => [...workers],
    async start() {
      const started = Array.from({ length: options.count }, (_, index) => start(index + 1));
      const urls = await Promise.all(started.map((worker) => worker.ready));
      for (const worker of started) void keep(worker);
      return urls[0] ?? [];
    },
    async replaceAll() {
      for (const worker of staying()) if (!isStopping) await replace(worker);
    },
    async stop() {
      isStopping = true;
      tellAll({ type: "stop" });
      const timer = setTimeout(() => {
        for (const worker of workers) worker.kill();
      }, options.stopMs);
      await Promise.all([...workers].map((worker) => worker.exited));
      clearTimeout(timer);
    },
    stopNow: () => tellAll({ type: "stop-now" }),
  };
}
