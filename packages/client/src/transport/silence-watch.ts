/** Notices a line that is dead without saying so. */
export type SilenceWatch = {
  /** Something was heard. */
  touch(): void;
  /** From now on so much silence is too long. */
  setLimit(ms: number): void;
  stop(): void;
};

/** Timers take no more; longer ones go off at once. */
const timerMsMax = 2 ** 31 - 1;

/** Calls `onSilence` once when nothing was heard for so long. The server pings every 10 seconds. */
export function createSilenceWatch(limitMs: number, onSilence: () => void): SilenceWatch {
  let ms = limitMs;
  const start = () => setTimeout(onSilence, Math.min(ms, timerMsMax));
  let timer: ReturnType<typeof setTimeout> | undefined = start();
  const touch = () => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = start();
  };
  return {
    touch,
    setLimit(next) {
      ms = next;
      touch();
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
