type Waiter = (isGranted: boolean) => void;

/** How many may be at an upstream at a time, and how many may wait for that. */
export type PlaceLimits = { readonly placesMax: number; readonly queueMax: number };

/**
 * The places at one upstream, and the queue for them. A place that becomes free goes to whoever has waited longest, never
 * to somebody who has just come.
 */
export class Places {
  #limits: PlaceLimits;
  #taken = 0;
  // In the order in which they came; leaving from the middle costs nothing.
  readonly #waiters = new Set<Waiter>();

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  get isFull(): boolean {
    return this.#taken >= this.#limits.placesMax;
  }

  get hasRoom(): boolean {
    return this.#waiters.size < this.#limits.queueMax;
  }

  /** Takes a place if there is one. */
  take(): boolean {
    if (this.isFull) return false;
    this.#taken++;
    return true;
  }

  release(): void {
    this.#taken--;
    this.#serve();
  }

  /** Waits in the queue; `false` when the time is over, the signal was aborted, or there is nothing to wait for any more. */
  wait(ms: number, signal: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    if (signal.aborted) return Promise.resolve(false);
    const leave = (): void => waiter(false);
    const timer = setTimeout(leave, ms);
    const waiter: Waiter = (isGranted) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      this.#waiters.delete(waiter);
      resolve(isGranted);
    };
    signal.addEventListener("abort", leave, { once: true });
    this.#waiters.add(waiter);
    return promise;
  }

  resize(limits: PlaceLimits): void {
    this.#limits = limits;
    this.#serve();
  }

  /** Sends everybody away who waits. */
  dismiss(): void {
    for (const waiter of this.#waiters) waiter(false);
  }

  #serve(): void {
    for (const waiter of this.#waiters) {
      if (!this.take()) return;
      waiter(true);
    }
  }
}
