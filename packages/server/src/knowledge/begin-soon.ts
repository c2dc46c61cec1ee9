/**
 * Makes a way to ask for some work again and again that is done once: not while it is being done, but once more behind
 * that, since what was asked for meanwhile may have been missed.
 */
export function createSoon(begin: (work: (signal: AbortSignal) => Promise<void>) => void) {
  return (work: (signal: AbortSignal) => Promise<void>): (() => void) => {
    let isRunning = false;
    let isWanted = false;
    return () => {
      isWanted = true;
      if (isRunning) return;
      isRunning = true;
      begin(async (signal) => {
        try {
          while (isWanted) {
            isWanted = false;
            await work(signal);
          }
        } finally {
          isRunning = false;
        }
      });
    };
  };
}
