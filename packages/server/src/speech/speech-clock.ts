import type { SpeechClock } from "./ports.ts";

/** The machine's own time. */
export const speechClock: SpeechClock = {
  now: () => performance.now(),
  wait(ms, signal) {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end);
    });
  },
};
