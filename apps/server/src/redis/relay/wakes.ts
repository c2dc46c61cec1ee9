import { setTimeout as pause } from "node:timers/promises";

/** Who waits to be told that there is more of a run. */
export type Wakes = {
  wait(runId: string, owner: string): Wake;
  /** There is more of a run. */
  tell(runId: string): void;
  /** A process has gone, and its runs with it. */
  tellGone(owner: string): void;
};

/** One who waits. */
export type Wake = Disposable & {
  /** From now on counts what is told. */
  reset(): void;
  /** Whether something was told since `reset`. */
  isTold(): boolean;
  /** Whether the owner has gone. */
  isGone(): boolean;
  /** Resolves when something was told since `reset`, after the time, or with the signal. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
};

type Waiting = { readonly owner: string; isTold: boolean; isGone: boolean; wake: () => void };

/** Creates the list of those who wait. */
export function createWakes(): Wakes {
  const runs = new Map<string, Set<Waiting>>();
  return {
    tell(runId) {
      for (const one of runs.get(runId) ?? []) {
        one.isTold = true;
        one.wake();
      }
    },
    tellGone(owner) {
      for (const one of [...runs.values()].flatMap((waiting) => [...waiting])) {
        if (one.owner !== owner) continue;
        one.isGone = true;
        one.wake();
      }
    },
    wait(runId, owner) {
      const mine: Waiting = { owner, isTold: false, isGone: false, wake: () => {} };
      const others = runs.get(runId) ?? new Set();
      runs.set(runId, others.add(mine));
      return {
        reset: () => void (mine.isTold = false),
        isTold: () => mine.isTold,
        isGone: () => mine.isGone,
        async wait(ms, signal) {
          if (mine.isTold || mine.isGone) return;
          const over = new AbortController();
          mine.wake = () => over.abort();
          const until = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
          await pause(ms, undefined, { signal: until }).catch(() => {});
          mine.wake = () => {};
        },
        [Symbol.dispose]() {
          others.delete(mine);
          if (others.size === 0 && runs.get(runId) === others) runs.delete(runId);
        },
      };
    },
  };
}
