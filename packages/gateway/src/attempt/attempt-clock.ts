import type { Clocks } from "../upstream.ts";

/** What an attempt waits for. */
export type Stage = keyof Clocks;

/** Timers count in whole milliseconds: one may fire so much too early. */
const toleranceMs = 1;

/**
 * The one timer of an attempt: it runs for one stage at a time. Something that comes only moves the time at which the
 * stage is over; the timer finds out when it fires, so that a read of a long stream costs no work on timers.
 */
export class AttemptClock {
  readonly #clocks: Clocks;
  readonly #onExpire: (stage: Stage) => void;
  #stage: Stage = "connectMs";
  /** When the stage is over, and when the timer fires; both on the clock of `performance.now`. */
  #dueAt = 0;
  #firesAt = 0;
  #isRunning = false;
  #timer: NodeJS.Timeout | undefined;
  #verdict: NodeJS.Immediate | undefined;

  /** Stands still; `onExpire` learns which stage took too long. */
  constructor(clocks: Clocks, onExpire: (stage: Stage) => void) {
    this.#clocks = clocks;
    this.#onExpire = onExpire;
  }

  /** Begins a stage. */
  enter(stage: Stage, now = performance.now()): void {
    this.#stage = stage;
    this.restart(this.#clocks[stage], now);
  }

  /** Something came: the stage begins again, as long as it may take, or `ms`. */
  restart(ms = this.#clocks[this.#stage], now = performance.now()): void {
    this.#isRunning = true;
    this.#dueAt = now + ms;
    if (this.#verdict !== undefined) this.#dismiss();
    if (this.#timer === undefined || this.#dueAt < this.#firesAt) this.#arm(ms, now);
  }

  /** Stands still until `restart`: what it waits for is held up on our side. */
  pause(): void {
    this.stop();
  }

  stop(): void {
    this.#isRunning = false;
    this.#dismiss();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #dismiss(): void {
    clearImmediate(this.#verdict);
    this.#verdict = undefined;
  }

  #arm(ms: number, now: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = now + ms;
    this.#timer = setTimeout(fire, ms, this);
  }

  /** The timer has fired: for a stage that is over, or for one that has begun again meanwhile. */
  expire(): void {
    this.#timer = undefined;
    if (!this.#isRunning) return;
    const now = performance.now();
    const leftMs = this.#dueAt - now;
    if (leftMs > toleranceMs) return this.#arm(leftMs, now);
    // Timers come before sockets in a turn of the event loop. After a turn that took long, what was waited for may have
    // been there all the time: the sockets are read first.
    this.#verdict = setImmediate(tell, this);
  }

  /** Tells which stage took too long. */
  tell(): void {
    this.#verdict = undefined;
    this.#onExpire(this.#stage);
  }
}

function fire(clock: AttemptClock): void {
  clock.expire();
}

function tell(clock: AttemptClock): void {
  clock.tell();
}
