import cluster, { type Worker } from "node:cluster";
import { randomBytes } from "node:crypto";
import type { CollectedMetrics } from "../metrics/create-metrics.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";
import { WorkerRefusal } from "./worker-refusal.ts";

/** A worker as its primary sees it. */
export type WorkerProcess = {
  readonly number: number;
  /** The name under which it owns its runs; every process has another one. */
  readonly owner: string;
  readonly pid: number | undefined;
  readonly isReady: boolean;
  /** Resolves when it serves. @throws Error with one sentence when it ended before that. */
  readonly ready: Promise<readonly string[]>;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  tell(message: ToWorker): void;
  /** What it has measured; nothing where it does not answer in time. */
  collect(): Promise<CollectedMetrics>;
  kill(): void;
};

/** Where a worker belongs. */
export type WorkerPlace = {
  readonly number: number;
  readonly folder: string;
  readonly onMessage: (worker: WorkerProcess, message: FromWorker) => void;
};

const collectMs = 1000;

/** Starts a worker. */
export function startWorkerProcess(place: WorkerPlace): WorkerProcess {
  const owner = `w${place.number}-${randomBytes(6).toString("hex")}`;
  const child: Worker = cluster.fork();
  const ready = Promise.withResolvers<readonly string[]>();
  const exited = Promise.withResolvers<void>();
  const collected = new Map<number, (metrics: CollectedMetrics) => void>();
  let collectId = 0;
  let isReady = false;
  let refusal: string | undefined;

  const worker: WorkerProcess = {
    number: place.number,
    owner,
    pid: child.process.pid,
    get isReady() {
      return isReady;
    },
    ready: ready.promise,
    exited: exited.promise,
    tell(message) {
      // One that is on its way out hears nothing, and need not.
      if (child.isConnected()) child.send(message, () => {});
    },
    collect() {
      const id = collectId++;
      return new Promise((resolve) => {
        const finish = (metrics: CollectedMetrics) => {
          clearTimeout(timer);
          collected.delete(id);
          resolve(metrics);
        };
        const timer = setTimeout(() => finish([]), collectMs);
        collected.set(id, finish);
        worker.tell({ type: "collect", id });
      });
    },
    kill: () => void child.process.kill("SIGKILL"),
  };

  // Whoever waits for it learns of it; that nobody does is no error.
  ready.promise.catch(() => undefined);
  child.on("error", () => {});
  child.on("message", (message: FromWorker) => {
    if (message.type === "ready") {
      isReady = true;
      ready.resolve(message.urls);
    } else if (message.type === "refused") refusal = message.sentence;
    else if (message.type === "collected") collected.get(message.id)?.(message.metrics);
    else place.onMessage(worker, message);
  });
  child.once("exit", (code: number | null, signal: NodeJS.Signals | null) => {
    isReady = false;
    ready.reject(
      refusal === undefined
        ? new Error(`Worker ${place.number} ended with ${signal ?? code} while it started`)
        : new WorkerRefusal(refusal),
    );
    exited.resolve();
  });
  worker.tell({ type: "seat", number: place.number, owner, folder: place.folder });
  return worker;
}
