import type { BreakerState } from "../upstream.ts";
import { toGrowingMs, type BreakerSettings } from "./pool-settings.ts";
import { SlidingWindow } from "./sliding-window.ts";

/** That a request was let through: how it ends is told with it. */
export type Pass = {
  /** Counts the times that the breaker has opened or closed. */
  readonly epoch: number;
  /** `due`: the one request of a half-open breaker. `early`: one that was let through before its time. */
  readonly probe: "due" | "early" | undefined;
};

/** What a breaker needs beside its settings. */
export type BreakerContext = {
  readonly settings: BreakerSettings;
  readonly random: () => number;
  /** It opened, or it closed. */
  readonly onChange: (from: BreakerState, to: BreakerState, reason: string) => void;
};

const shareMin = 0.1;

/**
 * Leaves an upstream alone that fails again and again, and finds out with one request at a time when it is back. How
 * requests end that began before it last opened or closed says nothing about now, and is ignored.
 */
export class Breaker {
  readonly #context: BreakerContext;
  readonly #window: SlidingWindow;
  #isOpen = false;
  #pass: Pass = { epoch: 0, probe: undefined };
  #probe: Pass | undefined;
  #probedAt = Number.NEGATIVE_INFINITY;
  #openUntil = 0;
  /** How often it has opened without having been well in between. */
  #openings = 0;
  #closedAt = Number.NEGATIVE_INFINITY;
  #failuresInARow = 0;

  constructor(context: BreakerContext) {
    this.#context = context;
    this.#window = new SlidingWindow(context.settings.windowMs);
  }

  state(now: number): BreakerState {
    if (!this.#isOpen) return "closed";
    return this.#probe !== undefined || now >= this.#openUntil ? "half_open" : "open";
  }

  /** When an open breaker lets the next request through; undefined when it is closed. */
  get openUntil(): number | undefined {
    return this.#isOpen ? this.#openUntil : undefined;
  }

  get isClosed(): boolean {
    return !this.#isOpen;
  }

  /** Tells whether `enter` may be called. `early`: when there is nobody else to ask. */
  mayEnter(now: number, early = false): boolean {
    if (!this.#isOpen) return true;
    if (this.#probe !== undefined) return false;
    return now >= this.#openUntil || (early && now >= this.#earlyAt);
  }

  /** In how many milliseconds somebody may enter, at the earliest. */
  waitMs(now: number): number {
    if (!this.#isOpen) return 0;
    if (this.#probe !== undefined) return this.#context.settings.probeEveryMs;
    return Math.max(0, Math.min(this.#openUntil, this.#earlyAt) - now);
  }

  /** Lets a request through; `leave` has to follow. */
  enter(now: number): Pass {
    if (!this.#isOpen) return this.#pass;
    this.#probe = { epoch: this.#pass.epoch, probe: now >= this.#openUntil ? "due" : "early" };
    this.#probedAt = now;
    return this.#probe;
  }

  /** The answer to a request has begun, or is one, though none that was hoped for: whoever says no is there. */
  answer(pass: Pass, now: number): void {
    if (pass === this.#probe) this.#close(now);
  }

  succeed(pass: Pass, now: number): void {
    this.answer(pass, now);
    if (this.#isOpen || pass.epoch !== this.#pass.epoch) return;
    this.#failuresInARow = 0;
    this.#window.add(now, 1, 0);
  }

  fail(pass: Pass, now: number, reason: string): void {
    if (pass === this.#probe) {
      this.#probe = undefined;
      // Early ones may fail every second; they are no reason to wait longer.
      if (pass.probe === "due") this.#rest(now);
      return;
    }
    if (this.#isOpen || pass.epoch !== this.#pass.epoch) return;
    this.#failuresInARow++;
    this.#window.add(now, 1, 1);
    const { failuresInARow, requestsMin, failureShare } = this.#context.settings;
    const [requests, failures] = this.#window.read(now);
    if (this.#failuresInARow >= failuresInARow)
      this.#open(now, `${this.#failuresInARow} failures in a row, the last one: ${reason}`);
    else if (requests >= requestsMin && failures >= requests * failureShare)
      this.#open(now, `${failures} of ${requests} requests failed, the last one: ${reason}`);
  }

  /** The request ended without saying anything about the upstream. */
  leave(pass: Pass): void {
    if (pass === this.#probe) this.#probe = undefined;
  }

  /** Which share of the requests it is to get while there are others: grows after an outage. */
  share(now: number): number {
    const { rampMs } = this.#context.settings;
    const sinceMs = now - this.#closedAt;
    return sinceMs >= rampMs ? 1 : Math.max(shareMin, sinceMs / rampMs);
  }

  get #earlyAt(): number {
    return this.#probedAt + this.#context.settings.probeEveryMs;
  }

  #open(now: number, reason: string): void {
    // Whoever fails while coming back has not been well.
    if (now - this.#closedAt >= this.#context.settings.rampMs) this.#openings = 0;
    this.#isOpen = true;
    this.#probedAt = now;
    this.#turn();
    this.#rest(now);
    this.#context.onChange("closed", "open", reason);
  }

  #rest(now: number): void {
    const { random, settings } = this.#context;
    const { openMs, openMsMax: max, jitter } = settings;
    this.#openUntil = now + toGrowingMs(openMs, this.#openings++, { max, jitter, random });
  }

  #close(now: number): void {
    this.#isOpen = false;
    this.#closedAt = now;
    this.#turn();
    this.#context.onChange("half_open", "closed", "it answers again");
  }

  /** What was counted before belongs to the past. */
  #turn(): void {
    this.#pass = { epoch: this.#pass.epoch + 1, probe: undefined };
    this.#probe = undefined;
    this.#failuresInARow = 0;
    this.#window.clear();
  }
}
