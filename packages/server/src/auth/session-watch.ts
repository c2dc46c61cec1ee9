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

/** Creates the watch. `isAlive` reads a session's state; it is asked every `intervalMs` for sessions with open streams. */
export function createSessionWatch(options: {
  isAlive: (sessionId: string) => Promise<boolean>;
  intervalMs: number;
}): SessionWatch {
  const sessions = new Map<string, Watched>();

  const end = (sessionId: string) => {
    sessions.get(sessionId)?.controller.abort();
    sessions.delete(sessionId);
  };
  const check = async () => {
    for (const sessionId of sessions.keys()) {
      if (!(await options.isAlive(sessionId))) end(sessionId);
    }
  };
  const timer = setInterval(() => {
    // A database that does not answer is no reason to end streams: the next round asks again.
    check().catch(() => undefined);
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
