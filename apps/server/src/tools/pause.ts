import { setTimeout as wait } from "node:timers/promises";

/** Creates what waits, and ends early with the signal; it holds up no process that is to end. */
export function createPause(signal: AbortSignal): (ms: number) => Promise<void> {
  return async (ms) => {
    try {
      await wait(ms, undefined, { signal, ref: false });
    } catch {
      // Ended early: whoever waits looks at the signal next.
    }
  };
}
