import { setTimeout as pause } from "node:timers/promises";

/** Who waits to be told that there is more of a run. */
export type Wakes = {
  wait(runId: string): Wake;
  tell(runId: string): void;
};

/** One who waits. */
export type Wake = Disposable & {
  /** From now on counts what is told. */
  reset(): void;
  /** Resolves when something was told since `reset`, after the time, or with the signal. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
};

/** Creates the list of those who wait. */
export function createWakes(): Wakes {
  const waiting = new Map<string, Set<() => void>>();
  return {
    tell(runId) {
      for (const tell of waiting.get(runId) ?? []) tell();
    },
    wait(runId) {
      let told = Promise.withResolvers<void>();
      const tell = () => told.resolve();
      const others = waiting.get(runId) ?? new Set();
      waiting.set(runId, others.add(tell));
      return {
        reset: () => void (told = Promise.withResolvers<void>()),
        async wait(ms, signal) {
          const over = new AbortController();
          const until = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
          await Promise.race([told.promise, pause(ms, undefined, { signal: until }).catch(() => {})]);
          over.abort();
        },
        [Symbol.dispose]() {
          others.delete(tell);
          if (others.size === 0 && waiting.get(runId) === others) waiting.delete(runId);
        },
      };
    },
  };
}
