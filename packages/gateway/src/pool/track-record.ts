import type { UpstreamTally } from "../upstream.ts";
import type { PoolSettings, PoolSources } from "./pool-settings.ts";

/** How much the newest time to first token counts in the moving average. */
const newestShare = 0.3;
/** After this time a latency says nothing about now. */
const latencyMsMax = 600_000;

/** How often an upstream answered and failed, when last, and how quickly. */
export class TrackRecord {
  readonly #context: PoolSources & { readonly settings: PoolSettings };
  #tally: UpstreamTally;
  #failedAt: number;
  /** The last thing that was known of it is a failure. */
  #isFailing: boolean;
  #firstTokenMs: number | undefined;
  #firstTokenAt = Number.NEGATIVE_INFINITY;
  #lastFailure: string | undefined;

  constructor(context: PoolSources & { readonly settings: PoolSettings }, tally: UpstreamTally | undefined) {
    const { now, wallClock } = context;
    this.#context = context;
    this.#tally = tally ?? { successes: 0, failures: 0, lastSuccessAt: undefined, lastFailureAt: undefined };
    const { lastFailureAt = Number.NEGATIVE_INFINITY, lastSuccessAt = Number.NEGATIVE_INFINITY } =
      this.#tally;
    // A clock that was put back makes no failure of the future.
    this.#failedAt = now() + Math.min(0, lastFailureAt - wallClock());
    this.#isFailing = lastFailureAt > lastSuccessAt;
  }

  get tally(): UpstreamTally {
    return this.#tally;
  }

  /** The moving average, as long as it has been there. */
  get firstTokenMs(): number | undefined {
    return this.#firstTokenMs;
  }

  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  /** The moving average, unless it is too old to go by. */
  latencyMs(now: number): number | undefined {
    return now - this.#firstTokenAt > latencyMsMax ? undefined : this.#firstTokenMs;
  }

  /** It has not failed since its last success, or that was long ago. */
  isAvailable(now: number): boolean {
    return !this.#isFailing || !this.failedWithin(this.#context.settings.unavailableMs, now);
  }

  failedWithin(ms: number, now: number): boolean {
    return now - this.#failedAt < ms;
  }

  addSuccess(): void {
    this.#isFailing = false;
    this.#tally = {
      ...this.#tally,
      successes: this.#tally.successes + 1,
      lastSuccessAt: this.#context.wallClock(),
    };
  }

  addFailure(now: number, message: string): void {
    this.#failedAt = now;
    this.#isFailing = true;
    this.#lastFailure = message;
    this.#tally = {
      ...this.#tally,
      failures: this.#tally.failures + 1,
      lastFailureAt: this.#context.wallClock(),
    };
  }

  addFirstToken(ms: number, now: number): void {
    if (!(ms >= 0)) return;
    const known = this.latencyMs(now);
    this.#firstTokenMs = known === undefined ? ms : known + newestShare * (ms - known);
    this.#firstTokenAt = now;
  }
}
