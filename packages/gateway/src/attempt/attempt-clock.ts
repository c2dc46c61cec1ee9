import type { Clocks } from "../upstream.ts";

/** What an attempt waits for. */
export type Stage = keyof Clocks;

/** The one timer of an attempt: it runs for one stage at a time. */
export type AttemptClock = {
  /** Begins a stage. */
  readonly enter: (stage: Stage) => void;
  /** Something came: the stage begins again, as long as it may take, or `ms`. */
  readonly restart: (ms?: number) => void;
  /** Stands still until `restart`: what it waits for is held up on our side. */
  readonly pause: () => void;
  readonly stop: () => void;
};

/** Creates a clock that stands still; `onExpire` learns which stage took too long. */
export function createAttemptClock(clocks: Clocks, onExpire: (stage: Stage) => void): AttemptClock {
  let stage: Stage = "connectMs";
  let runningMs = -1;
  let timer: NodeJS.Timeout | undefined;
  let verdict: NodeJS.Immediate | undefined;

  // Timers come before sockets in a turn of the event loop. After a turn that took long, what was waited for may have
  // been there all the time: the sockets are read first.
  function expire(): void {
    verdict = setImmediate(onExpire, stage);
  }

  function run(ms: number): void {
    clearImmediate(verdict);
    // Refreshing is all that a read of a long stream costs.
    if (timer !== undefined && runningMs === ms) return void timer.refresh();
    clearTimeout(timer);
    runningMs = ms;
    timer = setTimeout(expire, ms);
  }

  return {
    enter(next) {
      stage = next;
      run(clocks[next]);
    },
    restart: (ms = clocks[stage]) => run(ms),
    pause() {
      clearImmediate(verdict);
      clearTimeout(timer);
      timer = undefined;
    },
    stop() {
      clearImmediate(verdict);
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
