/** Removing what is no longer needed, where that may take long and nobody waits for it. */
export type LongSweeps = {
  /** Begins a sweep, which is to throw the signal's reason between two of its steps. Never throws. */
  begin(sweep: (signal: AbortSignal) => Promise<void>): void;
  /** Begins no more; resolves when those under way have ended their steps: from then on nothing is asked of storage. */
  close(): Promise<void>;
};

/** Creates the sweeps of a process; `onError` learns of those that failed. */
export function createLongSweeps(onError: (error: unknown) => void): LongSweeps {
  const closing = new AbortController();
  const { signal } = closing;
  const running = new Set<Promise<void>>();
  return {
    begin(sweep) {
      if (signal.aborted) return;
      const ending = sweep(signal)
        .catch((error: unknown) => {
          if (error !== signal.reason) onError(error);
        })
        .finally(() => running.delete(ending));
      running.add(ending);
    },
    async close() {
      closing.abort();
      await Promise.all(running);
    },
  };
}
