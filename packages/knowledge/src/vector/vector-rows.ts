import { scanCode } from "./scan-code.ts";
import { Instance, Memory, Module, type WasmMemory } from "./web-assembly.ts";

/** Addresses and counts: the query, the list of rows, how many, where the results go, how many bytes a row has. */
type Scan = (
  ...args: readonly [query: number, list: number, count: number, scores: number, bytes: number]
) => void;

const pageBytes = 65_536;
/** What addresses of 32 bits reach. */
const pagesMax = 65_536;
const headBytes = 16;
/** So many rows are compared before it is asked whether to go on: a fraction of a millisecond. */
export const rowsPerScan = 4096;
/** What sums of products of numbers may come to, so that they fit into 32 bits whatever the vectors are. */
const sumMax = 2 ** 31 - 1;
const byteMax = 127;

/**
 * Vectors of one length, each number in a byte, in a memory that WebAssembly compares them in. They are rows: whoever adds
 * one learns where it is, and gives that back when it is no longer needed.
 *
 * The error that rounding to a byte makes is far smaller than the differences between neighbours; who wants to know exactly
 * compares the best ones again, as they were.
 */
export class VectorRows {
  readonly rowBytes: number;
  readonly #dims: number;
  readonly #memory: WasmMemory = new Memory({ initial: 1, maximum: pagesMax });
  readonly #scan: Scan;
  readonly #free: number[] = [];
  readonly #listAt: number;
  readonly #scoresAt: number;
  #end: number;
  #rows = 0;
  #queryScale = 0;

  constructor(dims: number) {
    this.#dims = dims;
    const padded = Math.ceil(dims / 16) * 16;
    this.rowBytes = headBytes + padded;
    this.#listAt = padded * 2;
    this.#scoresAt = this.#listAt + rowsPerScan * 4;
    this.#end = Math.ceil((this.#scoresAt + rowsPerScan * 4) / 16) * 16;
    this.#reserve(this.#end);
    const instance = new Instance(new Module(scanCode), { env: { memory: this.#memory } });
    this.#scan = instance.exports["scan"] as Scan;
  }

  /** How many rows there are. */
  get size(): number {
    return this.#rows;
  }

  /** What it takes, in bytes: what was given back is kept for other rows. */
  get bytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** What another row would add to that. */
  get nextBytes(): number {
    return this.#free.length > 0 ? 0 : this.rowBytes;
  }

  /** Adds a vector, which is of length one or zero. @returns its row; undefined when there is no room. */
  add(vector: Float32Array): number | undefined {
    let row = this.#free.pop();
    if (row === undefined) {
      if (!this.#reserve(this.#end + this.rowBytes)) return undefined;
      row = this.#end;
      this.#end += this.rowBytes;
    }
    this.#rows++;
    this.write(row, vector);
    return row;
  }

  /** Puts another vector in the place of one. */
  write(row: number, vector: Float32Array): void {
    let largest = 0;
    for (let index = 0; index < this.#dims; index++) {
      largest = Math.max(largest, Math.abs(vector[index] as number));
    }
    const factor = largest === 0 ? 0 : byteMax / largest;
    const { buffer } = this.#memory;
    new Float32Array(buffer, row, 1)[0] = largest / byteMax;
    const numbers = new Int8Array(buffer, row + headBytes, this.#dims);
    for (let index = 0; index < numbers.length; index++) {
      numbers[index] = Math.round((vector[index] as number) * factor);
    }
  }

  /** Gives rows back. */
  remove(rows: Iterable<number>): void {
    for (const row of rows) {
      this.#free.push(row);
      this.#rows--;
    }
  }

  /** Sets what rows are compared with from here on. */
  setQuery(vector: Float32Array): void {
    let largest = 0;
    for (const value of vector) largest = Math.max(largest, Math.abs(value));
    const most = Math.min(32_767, Math.floor(sumMax / byteMax / this.#dims));
    const factor = largest === 0 ? 0 : most / largest;
    this.#queryScale = largest === 0 ? 0 : largest / most;
    const numbers = new Int16Array(this.#memory.buffer, 0, this.#dims);
    for (let index = 0; index < numbers.length; index++) {
      numbers[index] = Math.round((vector[index] as number) * factor);
    }
  }

  /**
   * Compares some rows with the query, at most `rowsPerScan`.
   *
   * @returns how close each is, between -1 and 1; another call's results take their place.
   */
  compare(rows: ArrayLike<number>): Float32Array {
    const { buffer } = this.#memory;
    const scores = new Float32Array(buffer, this.#scoresAt, rows.length);
    if (rows.length === 0) return scores;
    new Uint32Array(buffer, this.#listAt, rows.length).set(rows);
    this.#scan(0, this.#listAt, rows.length, this.#scoresAt, this.rowBytes - headBytes);
    for (let index = 0; index < scores.length; index++) {
      scores[index] = (scores[index] as number) * this.#queryScale;
    }
    return scores;
  }

  /** Makes room up to an address, and a bit ahead; false when there is none. */
  #reserve(end: number): boolean {
    const missing = Math.ceil(end / pageBytes) - this.#memory.buffer.byteLength / pageBytes;
    if (missing <= 0) return true;
    try {
      this.#memory.grow(missing);
      return true;
    } catch {
      return false;
    }
  }
}
