/** Somebody who asks all the time whether the process lives. */
export type HealthWatch = AsyncDisposable & {
  /** The slowest answer so far, in milliseconds; the one that is being waited for counts. */
  slowestMs(): number;
  /** What else than "ok" was answered. */
  readonly failures: readonly string[];
};

const pauseMs = 20;

/** Begins to watch. */
export function watchHealth(url: string): HealthWatch {
  const failures: string[] = [];
  const over = new AbortController();
  let slowest = 0;
  let askedAt: number | undefined;

  async function ask(): Promise<void> {
    askedAt = performance.now();
    try {
      const answer = await fetch(`${url}/healthz`, { signal: over.signal });
      const text = await answer.text();
      if (answer.status !== 200) failures.push(`${answer.status} ${text}`);
    } catch (error) {
      if (!over.signal.aborted) failures.push(String(error));
    }
    slowest = Math.max(slowest, performance.now() - askedAt);
    askedAt = undefined;
  }

  async function watch(): Promise<void> {
    while (!over.signal.aborted) {
      await ask();
      await new Promise((resolve) => {
        setTimeout(resolve, pauseMs);
      });
    }
  }

  const watching = watch();
  return {
    failures,
    slowestMs: () => Math.max(slowest, askedAt === undefined ? 0 : performance.now() - askedAt),
    async [Symbol.asyncDispose]() {
      over.abort();
      await watching;
    },
  };
}
