/** Something and how good it is; larger is better. */
export type Scored = { readonly id: number; readonly score: number };

/** Keeps the best of many. */
export class BestList {
  readonly #max: number;
  #kept: Scored[] = [];
  /** What is not better than this is not looked at. */
  #threshold: number;

  /** @param floor - What is not better than that is never kept. */
  constructor(max: number, floor = Number.NEGATIVE_INFINITY) {
    this.#max = max;
    this.#threshold = floor;
  }

  get threshold(): number {
    return this.#threshold;
  }

  offer(id: number, score: number): void {
    if (!(score > this.#threshold)) return;
    this.#kept.push({ id, score });
    // Sorted now and then: most of what comes is below the threshold soon.
    if (this.#kept.length >= this.#max * 2) this.#trim();
  }

  /** The best, best first; of two that are equally good the one with the smaller id. */
  list(): readonly Scored[] {
    this.#trim();
    return this.#kept;
  }

  #trim(): void {
    this.#kept = this.#kept.toSorted(byScore).slice(0, this.#max);
    const last = this.#kept.at(-1);
    // One that is as good as the last may have a smaller id, but whichever of them is kept says the same.
    if (this.#kept.length === this.#max && last !== undefined) this.#threshold = last.score;
  }
}

/** Orders by score, best first; among equals the smaller id comes first. */
export function byScore(first: Scored, second: Scored): number {
  return second.score - first.score || first.id - second.id;
}
