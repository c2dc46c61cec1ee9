import type { BestList } from "./best-list.ts";
import { rowsPerScan, type VectorRows } from "./vector-rows.ts";

/** Vectors of passages, in rows. */
export type PackedVectors = { readonly rows: Uint32Array; readonly passageIds: Float64Array };

/** Compares rows with a query, as many at once as can be, however few each content has. */
export class RowComparison {
  readonly #rows: VectorRows;
  readonly #best: BestList;
  readonly #check: () => void;
  readonly #list = new Uint32Array(rowsPerScan);
  readonly #ids = new Float64Array(rowsPerScan);
  #length = 0;

  /** @param check - Throws to give it up; asked often. */
  constructor(rows: VectorRows, best: BestList, check: () => void) {
    this.#rows = rows;
    this.#best = best;
    this.#check = check;
  }

  add({ rows, passageIds }: PackedVectors): void {
    for (let start = 0; start < rows.length;) {
      const end = Math.min(rows.length, start + rowsPerScan - this.#length);
      this.#list.set(rows.subarray(start, end), this.#length);
      this.#ids.set(passageIds.subarray(start, end), this.#length);
      this.#length += end - start;
      start = end;
      if (this.#length === rowsPerScan) this.flush();
    }
  }

  /** Compares what has been added; before this nothing is sure to have been. */
  flush(): void {
    this.#check();
    const scores = this.#rows.compare(this.#list.subarray(0, this.#length));
    for (let index = 0; index < scores.length; index++) {
      const score = scores[index] as number;
      if (score > this.#best.threshold) this.#best.offer(this.#ids[index] as number, score);
    }
    this.#length = 0;
  }
}
