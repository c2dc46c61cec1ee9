import { DomainError } from "@llm-backend/contract";
import type { ReadLimits } from "../ports.ts";
import { startReadingProcess, type ReadingProcess } from "./reading-process.ts";

/** Reading processes, each lent to one document at a time. */
export type ProcessPool = {
  /** Waits for a process, starting one where none is free. @throws the signal's reason; it waits no longer then. */
  borrow(signal: AbortSignal): Promise<ReadingProcess>;
  /** Takes a process back. One that is not healthy is ended. */
  giveBack(process: ReadingProcess, isHealthy: boolean): void;
  /** Ends all processes, also those that are lent. */
  close(): Promise<void>;
};

/** How many processes there are, and how long they wait for documents. */
export type PoolOptions = {
  readonly limits: ReadLimits;
  readonly processesMax: number;
  readonly idleMs: number;
};

/** Creates a pool without any process. */
export function createProcessPool({ limits, processesMax, idleMs }: PoolOptions): ProcessPool {
  const all = new Set<ReadingProcess>();
  /** Those that are not lent, and what ends them when nobody wants them. */
  const free = new Map<ReadingProcess, NodeJS.Timeout>();
  const waiting = new Set<() => void>();
  let lent = 0;

  const start = () => {
    const process = startReadingProcess(limits);
    all.add(process);
    void process.exited.then(() => all.delete(process));
    return process;
  };
  const takeFree = () => {
    for (const [process, timer] of free) {
      clearTimeout(timer);
      free.delete(process);
      if (process.isAlive) return process;
    }
    return undefined;
  };
  const waitForTurn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        waiting.delete(proceed);
        reject(signal.reason as Error);
      };
      const proceed = () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      waiting.add(proceed);
      signal.addEventListener("abort", onAbort, { once: true });
    });

  const passOn = () => {
    const [next] = waiting;
    if (next === undefined) lent--;
    else {
      waiting.delete(next);
      next();
    }
  };

  return {
    async borrow(signal) {
      signal.throwIfAborted();
      if (lent < processesMax) lent++;
      // Who gives back passes its place on, which stays lent.
      else await waitForTurn(signal);
      try {
        return takeFree() ?? start();
      } catch (cause) {
        passOn();
        throw new DomainError("overloaded", "The document cannot be read just now.", { cause });
      }
    },
    giveBack(process, isHealthy) {
      if (!isHealthy) process.kill();
      else {
        const timer = setTimeout(() => {
          free.delete(process);
          process.kill();
        }, idleMs);
        free.set(process, timer.unref());
      }
      passOn();
    },
    async close() {
      for (const timer of free.values()) clearTimeout(timer);
      free.clear();
      const ended = [...all].map((process) => process.exited);
      for (const process of all) process.kill();
      await Promise.all(ended);
    },
  };
}
