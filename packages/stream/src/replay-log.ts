/**
 * How a log measures, joins and cuts its items. Every item occupies one or more units; a position is the number of
 * units before it. Joining and cutting must not change the units: `units(join(a, b)) = units(a) + units(b)`.
 */
export type LogShape<TItem> = {
  /** The size of an item, at least 1. */
  units(item: TItem): number;
  /** The two neighbours as one item; undefined where they must stay apart. */
  join(first: TItem, second: TItem): TItem | undefined;
  /** Cuts an item in two behind `units` of its units, or a little earlier where that place cannot be cut. */
  split(item: TItem, units: number): readonly [TItem, TItem];
};

/** An item of the log, and the position behind it: where a reader that has seen it continues. */
export type LogEntry<TItem> = { readonly item: TItem; readonly position: number };

/** Neighbours are kept joined up to this size: large enough to be cheap, small enough to be cut quickly. */
const storedUnitsMax = 4096;
/** The most that one read returns, so that a reader far behind takes bounded bites. */
const readUnitsMax = 32_768;

/**
 * An append-only log that any number of readers follow, each from its own position and at its own speed. A reader is
 * nothing but a position: what it has not read yet waits here, joined, and not in a queue of its own.
 */
export class ReplayLog<TItem> {
  readonly #shape: LogShape<TItem>;
  readonly #items: TItem[] = [];
  /** Where each item begins. */
  readonly #starts: number[] = [];
  #end = 0;
  #closed = false;
  #changed: PromiseWithResolvers<void> | undefined;

  constructor(shape: LogShape<TItem>) {
    this.#shape = shape;
  }

  /** The position behind the last item. */
  get end(): number {
    return this.#end;
  }

  /** Whether the log is complete. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Adds an item at the end and wakes the readers.
   *
   * @throws Error when the log is closed.
   */
  append(item: TItem): void {
    if (this.#closed) throw new Error("The log is closed.");
    const last = this.#items.length - 1;
    const units = this.#shape.units(item);
    const joined = this.#end - (this.#starts[last] ?? 0) < storedUnitsMax ? this.#joinWithLast(item) : undefined;
    if (joined === undefined) {
      this.#items.push(item);
      this.#starts.push(this.#end);
    } else {
      this.#items[last] = joined;
    }
    this.#end += units;
    this.#wake();
  }

  /** Leaves out everything up to a position: readers that stand before it go on behind it. */
  skipTo(position: number): void {
    if (position < this.#end) throw new RangeError("A log cannot go back.");
    this.#end = position;
  }

  /** Ends the log: readers get what is left, and then their end. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** The next item behind a position, joined with its neighbours as far as they go; undefined when none is there. */
  read(position: number): LogEntry<TItem> | undefined {
    let index = this.#indexAt(position);
    const start = this.#starts[index];
    if (start === undefined) return undefined;
    let item = this.#items[index] as TItem;
    let end = start + this.#shape.units(item);
    if (position > start) item = this.#shape.split(item, position - start)[1];
    for (index += 1; end - position < readUnitsMax && this.#starts[index] === end; index++) {
      const joined = this.#shape.join(item, this.#items[index] as TItem);
      if (joined === undefined) break;
      end += this.#shape.units(this.#items[index] as TItem);
      item = joined;
    }
    return { item, position: end };
  }

  /**
   * Reads from a position to the end of the log, waiting for what is still to come.
   * Ends with the log, or quietly when the signal is aborted.
   */
  async *follow(position: number, options: { signal?: AbortSignal } = {}): AsyncGenerator<LogEntry<TItem>, void> {
    const { signal } = options;
    let next = position;
    while (signal?.aborted !== true) {
      const entry = this.read(next);
      if (entry !== undefined) {
        next = entry.position;
        yield entry;
      } else if (this.#closed) {
        return;
      } else {
        await this.#change(signal);
      }
    }
  }

  #joinWithLast(item: TItem): TItem | undefined {
    const last = this.#items.length - 1;
    const previous = this.#items[last];
    if (previous === undefined) return undefined;
    // After a skip the neighbours are not neighbours.
    if ((this.#starts[last] as number) + this.#shape.units(previous) !== this.#end) return undefined;
    return this.#shape.join(previous, item);
  }

  /** The index of the first item that ends behind the position. */
  #indexAt(position: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const end = (this.#starts[middle] as number) + this.#shape.units(this.#items[middle] as TItem);
      if (end > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #wake(): void {
    this.#changed?.resolve();
    this.#changed = undefined;
  }

  /** Resolves at the next change or at the abort, and leaves no listener behind. */
  #change(signal: AbortSignal | undefined): Promise<void> {
    this.#changed ??= Promise.withResolvers<void>();
    const changed = this.#changed.promise;
    if (signal === undefined) return changed;
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      void changed.then(done);
    });
  }
}
