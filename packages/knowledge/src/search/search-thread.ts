import { Worker } from "node:worker_threads";
import { DomainError } from "@llm-backend/contract";
import type {
  FromSearchThread,
  SearchAnswer,
  SearchRequest,
  SearchThreadData,
  ToSearchThread,
} from "./search-messages.ts";

/** How the thread is run. */
export type SearchThreadOptions = {
  readonly data: SearchThreadData;
  /** So many searches wait for their turn at most. */
  readonly waitingMax: number;
  /** A thread that has been asked and not answered for so long is ended: nothing takes that long. */
  readonly stuckMs: number;
  /** What it runs. */
  readonly entry: URL;
};

/** A thread that searches, one search after the other. It keeps no process alive, but while it is asked something. */
export type SearchThread = {
  /**
   * Asks for a search.
   *
   * @throws DomainError `overloaded` when too many wait, or the thread cannot do it; `shutting_down`. The abort's reason after
   *   an abort.
   */
  ask(request: SearchRequest, signal: AbortSignal): Promise<SearchAnswer>;
  close(): Promise<void>;
};

type Asked = {
  readonly message: ToSearchThread;
  readonly result: PromiseWithResolvers<SearchAnswer>;
  /** How many threads have ended with it. */
  deaths: number;
};

/** One that ends with every thread is what they end of. */
const deathsMax = 2;

/** Creates it; the thread is started with the first search, and again after it has ended for whatever reason. */
export function createSearchThread(options: SearchThreadOptions): SearchThread {
  const waiting: Asked[] = [];
  let current: Asked | undefined;
  let worker: Worker | undefined;
  let isReady = false;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let lastNumber = 0;

  function next(): void {
    clearTimeout(timer);
    current = waiting.shift();
    if (current === undefined) {
      worker?.unref();
      return;
    }
    worker ??= start();
    worker.ref();
    if (isReady) watch();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(current.message);
  }

  function watch(): void {
    timer = setTimeout(() => void worker?.terminate(), options.stuckMs);
  }

  function start(): Worker {
    isReady = false;
    const started = new Worker(options.entry, {
      workerData: options.data,
      execArgv: toExecArgv(options.entry),
    });
    let failure: unknown;
    started.on("message", (message: FromSearchThread) => {
      if (started !== worker || current === undefined) return;
      if (message.type === "ready") {
        isReady = true;
        watch();
      } else if (message.number === current.message.number) {
        settle(current, message);
        next();
      }
    });
    started.on("error", (error) => (failure = error));
    started.on("exit", () => {
      if (started !== worker) return;
      worker = undefined;
      if (current !== undefined) askAgain(current, failure);
      next();
    });
    return started;
  }

  function askAgain(asked: Asked, cause: unknown): void {
    asked.deaths++;
    if (asked.deaths < deathsMax && !isClosed) waiting.unshift(asked);
    else
      asked.result.reject(new DomainError("overloaded", "The search could not be done just now.", { cause }));
  }

  /** Gives a search up: who asked is told at once, and the thread as soon as it looks. */
  function giveUp(asked: Asked, reason: unknown): void {
    Atomics.store(asked.message.isGivenUp, 0, 1);
    const place = waiting.indexOf(asked);
    if (place !== -1) waiting.splice(place, 1);
    asked.result.reject(reason);
  }

  return {
    async ask(request, signal) {
      signal.throwIfAborted();
      if (isClosed) throw new DomainError("shutting_down", "The server is shutting down; try again shortly.");
      if (waiting.length >= options.waitingMax) {
        throw new DomainError("overloaded", "Too many searches wait; try again shortly.");
      }
      const asked: Asked = {
        message: toMessage(++lastNumber, request),
        result: Promise.withResolvers(),
        deaths: 0,
      };
      const onAbort = () => giveUp(asked, signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      waiting.push(asked);
      if (current === undefined) next();
      try {
        return await asked.result.promise;
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
    async close() {
      isClosed = true;
      const left = [...waiting.splice(0), ...(current === undefined ? [] : [current])];
      for (const asked of left) {
        giveUp(asked, new DomainError("shutting_down", "The server is shutting down; try again shortly."));
      }
      clearTimeout(timer);
      await worker?.terminate();
    },
  };
}

function settle({ result }: Asked, message: FromSearchThread): void {
  if (message.type === "answer") result.resolve(message.answer);
  else if (message.type === "failure") {
    const cause = new Error(message.message);
    result.reject(new DomainError("overloaded", "The search could not be done just now.", { cause }));
  }
}

function toMessage(number: number, request: SearchRequest): ToSearchThread {
  return { number, request, isGivenUp: new Int32Array(new SharedArrayBuffer(4)) };
}

/** From the sources, packages are found by their sources. */
function toExecArgv(entry: URL): string[] {
  return entry.pathname.endsWith(".ts") ? ["--conditions=@llm-backend/source"] : [];
}
