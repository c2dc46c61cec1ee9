/** The places of calls that run at the same time. */
export type Places = {
  /** Waits for a place. @returns what gives it back. @throws the signal's reason, once it is aborted. */
  enter(signal: AbortSignal): Promise<() => void>;
};

/** Creates so many places. */
export function createPlaces(count: number): Places {
  let free = count;
  const waiting: (() => void)[] = [];

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  }

  return {
    async enter(signal) {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      if (!signal.aborted) return leave;
      leave();
      throw signal.reason;
    },
  };
}
