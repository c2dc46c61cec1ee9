/** Tells open streams when the session that opened them has ended. */
export type SessionWatch = {
  /** A signal that is aborted when the session ends; dispose it when the stream is over. */
  watch(sessionId: string): { readonly signal: AbortSignal } & Disposable;
  /** Ends the streams of sessions that were revoked here. */
  revoked(sessionIds: readonly string[]): void;
  /** Asks the database about every watched session, for those that another process revoked. */
  check(): Promise<void>;
  close(): void;
};

type Watched = { readonly controller: AbortController; watchers: number };

/** How many sessions are asked about at once. */
const batchMax = 500;

/**
 * Creates the watch. `listAlive` tells which of some sessions have not ended; it is asked every `intervalMs` for those
 * with open streams.
 */
export function createSessionWatch(options: {
  listAlive: (sessionIds: readonly string[]) => Promise<readonly string[]>;
  intervalMs: number;
}): SessionWatch {
  const sessions = new Map<string, Watched>();

  const end = (sessionId: string) => {
    sessions.get(sessionId)?.controller.abort();
    sessions.delete(sessionId);
  };
  const check = async () => {
    const watched = [...sessions.keys()];
    for (let from = 0; from < watched.length; from += batchMax) {
      const batch = watched.slice(from, from + batchMax);
      const alive = new Set(await options.listAlive(batch));
      for (const sessionId of batch) if (!alive.has(sessionId)) end(sessionId);
    }
  };
  let isChecking = false;
  const timer = setInterval(() => {
    if (isChecking) return;
    isChecking = true;
    // A database that does not answer is no reason to end streams: the next round asks again.
    check()
      .catch(() => undefined)
      .finally(() => (isChecking = false));
  }, options.intervalMs).unref();

  return {
    watch(sessionId) {
      let watched = sessions.get(sessionId);
      if (watched === undefined) {
        watched = { controller: new AbortController(), watchers: 0 };
        sessions.set(sessionId, watched);
      }
      watched.watchers++;
      const mine = watched;
      return {
        signal: mine.controller.signal,
        [Symbol.dispose]() {
          mine.watchers--;
          if (mine.watchers === 0 && sessions.get(sessionId) === mine) sessions.delete(sessionId);
        },
      };
    },
    revoked(sessionIds) {
      for (const sessionId of sessionIds) end(sessionId);
    },
    check,
    close: () => clearInterval(timer),
  };
}
