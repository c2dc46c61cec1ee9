import type { RetrySettings } from "./pool-settings.ts";
import { SlidingWindow } from "./sliding-window.ts";

/** Keeps a bad day from becoming a storm: requests that are sent again may be a part of all requests, not a multiple. */
export class RetryBudget {
  readonly #settings: RetrySettings;
  readonly #window: SlidingWindow;

  constructor(settings: RetrySettings) {
    this.#settings = settings;
    this.#window = new SlidingWindow(settings.windowMs);
  }

  countRequest(now: number): void {
    this.#window.add(now, 1, 0);
  }

  countRetry(now: number): void {
    this.#window.add(now, 0, 1);
  }

  /** Tells whether one more retry fits. `candidates`: how many there are for this request. */
  allows(now: number, candidates: number): boolean {
    const { share, retriesMin, retriesMinPerCandidate } = this.#settings;
    const [requests, retries] = this.#window.read(now);
    return retries < Math.max(retriesMin, retriesMinPerCandidate * candidates, share * requests);
  }
}
