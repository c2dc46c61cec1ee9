/** Somebody who asks all the time whether the process lives. */
export type HealthWatch = AsyncDisposable & {
  /** The slowest answer so far, in milliseconds; the one that is being waited for counts. */
  slowestMs(): number;
  /** The most of this process's own work that an answer had to wait for: what a busy machine takes is left out. */
  busiestMs(): number;
  /** What else than "ok" was answered. */
  readonly failures: readonly string[];
};

const pauseMs = 20;

function readWorkMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Begins to watch. */
export function watchHealth(url: string): HealthWatch {
  const failures: string[] = [];
  const over = new AbortController();
  let slowest = 0;
  let busiest = 0;
  let asked: { readonly at: number; readonly workMs: number } | undefined;

  async function ask(): Promise<void> {
    asked = { at: performance.now(), workMs: readWorkMs() };
    try {
      const answer = await fetch(`${url}/healthz`, { signal: over.signal });
      const text = await answer.text();
      if (answer.status !== 200) failures.push(`${answer.status} ${text}`);
    } catch (error) {
      if (!over.signal.aborted) failures.push(String(error));
    }
    slowest = Math.max(slowest, performance.now() - asked.at);
    busiest = Math.max(busiest, readWorkMs() - asked.workMs);
    asked = undefined;
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
    slowestMs: () => Math.max(slowest, asked === undefined ? 0 : performance.now() - asked.at),
    busiestMs: () => Math.max(busiest, asked === undefined ? 0 : readWorkMs() - asked.workMs),
    async [Symbol.asyncDispose]() {
      over.abort();
      await watching;
    },
  };
}
