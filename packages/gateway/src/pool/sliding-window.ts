const steps = 10;

/** Two sums over the last `windowMs`, moving on in ten steps. Adding and asking cost the same however much was added. */
export class SlidingWindow {
  readonly #stepMs: number;
  readonly #firsts = new Float64Array(steps);
  readonly #seconds = new Float64Array(steps);
  #at = Number.NEGATIVE_INFINITY;
  #first = 0;
  #second = 0;

  constructor(windowMs: number) {
    this.#stepMs = windowMs / steps;
  }

  add(now: number, first: number, second: number): void {
    const slot = this.#advance(now);
    this.#firsts[slot] = (this.#firsts[slot] ?? 0) + first;
    this.#seconds[slot] = (this.#seconds[slot] ?? 0) + second;
    this.#first += first;
    this.#second += second;
  }

  /** The two sums. */
  read(now: number): readonly [first: number, second: number] {
    this.#advance(now);
    return [this.#first, this.#second];
  }

  clear(): void {
    this.#firsts.fill(0);
    this.#seconds.fill(0);
    this.#first = 0;
    this.#second = 0;
  }

  /** Empties the steps that have run out; gives the present one. */
  #advance(now: number): number {
    const at = Math.floor(now / this.#stepMs);
    if (at - this.#at >= steps) this.clear();
    else
      for (let step = this.#at + 1; step <= at; step++) {
        const slot = step % steps;
        this.#first -= this.#firsts[slot] ?? 0;
        this.#second -= this.#seconds[slot] ?? 0;
        this.#firsts[slot] = 0;
        this.#seconds[slot] = 0;
      }
    this.#at = Math.max(at, this.#at);
    return this.#at % steps;
  }
}
