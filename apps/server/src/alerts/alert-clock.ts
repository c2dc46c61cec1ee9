/** What alerts know the time from. */
export type AlertClock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds that have passed, whoever sets the clock. */
  elapsed(): number;
  /** Calls back once after so many milliseconds, unless what it returns is called before. */
  after(ms: number, callback: () => void): () => void;
};

/** The clock of the machine; it keeps no process from ending. */
export const machineClock: AlertClock = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};
