import { onReturn } from "./on-return.ts";

/**
 * How a log measures, joins and cuts its items. Every item occupies one or more units; a position is the number of
 * units before it. Joining and cutting must not change the units: `units(join([a, b])) = units(a) + units(b)`.
 */
export type LogShape<TItem> = {
  /** The size of an item. One of no units says nothing, and is not kept. */
  units(item: TItem): number;
  /** Whether two neighbours may be one item. */
  joins(first: TItem, second: TItem): boolean;
  /** Neighbours as one item: all at once, so that nothing is left of them. */
  join(items: readonly [TItem, ...TItem[]]): TItem;
  /** Cuts an item in two behind `units` of its units, or a little earlier where that place cannot be cut. */
  split(item: TItem, units: number): readonly [TItem, TItem];
};

/** An item of the log, and the position behind it: where a reader that has seen it continues. */
export type LogEntry<TItem> = { readonly item: TItem; readonly position: number };

/** Neighbours are kept joined from this size on: large enough to be cheap, small enough to be cut quickly. */
const storedUnitsMax = 1024;
/** The most that one read returns, so that a reader far behind takes bounded bites. */
const readUnitsMax = 32_768;

type Part<TItem> = { readonly item: TItem; readonly start: number; readonly end: number };

/** A follower: `wake` ends its waiting, where it waits. */
type Follower = { left: boolean; wake: () => void };

const noop = (): void => {};

/**
 * An append-only log that any number of readers follow, each from its own position and at its own speed. A reader is
 * nothing but a position: what it has not read yet waits here, joined, and not in a queue of its own.
 */
export class ReplayLog<TItem> {
  readonly #shape: LogShape<TItem>;
  readonly #parts: Part<TItem>[] = [];
  /**
   * Parts before this index are joined for good. Those behind it are as they were appended: readers that keep up
   * take them whole, and nothing is joined, only to be cut again, for each of them.
   */
  #joinedCount = 0;
  #end = 0;
  #closed = false;
  /** All of them, not those that wait: a set that each item is taken out of and put into again has to be rebuilt for ever. */
  readonly #followers = new Set<Follower>();

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
    const units = this.#shape.units(item);
    if (units === 0) return;
    const start = this.#end;
    if (start - (this.#parts[this.#joinedCount]?.start ?? start) >= storedUnitsMax) this.#joinParts();
    this.#end = start + units;
    this.#parts.push({ item, start, end: this.#end });
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
    const index = this.#indexAt(position);
    const first = this.#parts[index];
    if (first === undefined) return undefined;
    const enough = Math.max(position, first.start) + readUnitsMax;
    const items = this.#itemsFrom(index, enough);
    const end = (this.#parts[index + items.length - 1] as Part<TItem>).end;
    if (position > first.start) items[0] = this.#shape.split(first.item, position - first.start)[1];
    const item = this.#joinItems(items);
    if (end <= enough) return { item, position: end };
    const [bite, rest] = this.#shape.split(item, readUnitsMax);
    // What cannot be cut is one bite, whatever its size.
    return this.#shape.units(bite) === 0
      ? { item, position: end }
      : { item: bite, position: end - this.#shape.units(rest) };
  }

  /**
   * Reads from a position to the end of the log, waiting for what is still to come.
   * Ends with the log, or quietly when the signal is aborted; returning it ends the waiting too.
   */
  follow(position: number, options: { signal?: AbortSignal } = {}): AsyncGenerator<LogEntry<TItem>, void> {
    const follower: Follower = { left: false, wake: noop };
    const leave = () => {
      follower.left = true;
      follower.wake();
    };
    return onReturn(this.#entries(position, { follower, leave, signal: options.signal }), leave);
  }

  async *#entries(
    position: number,
    options: { follower: Follower; leave: () => void; signal: AbortSignal | undefined },
  ): AsyncGenerator<LogEntry<TItem>, void> {
    const { follower, leave, signal } = options;
    if (signal?.aborted === true) return;
    signal?.addEventListener("abort", leave);
    this.#followers.add(follower);
    try {
      let next = position;
      while (!follower.left) {
        const entry = this.read(next);
        if (entry !== undefined) {
          next = entry.position;
          yield entry;
        } else if (this.#closed) {
          return;
        } else {
          await waitForChange(follower);
        }
      }
    } finally {
      this.#followers.delete(follower);
      signal?.removeEventListener("abort", leave);
    }
  }

  /** Joins the parts that are as they were appended, each with as many neighbours as go with it. */
  #joinParts(): void {
    const joined: Part<TItem>[] = [];
    for (let index = this.#joinedCount; index < this.#parts.length;) {
      const { start } = this.#parts[index] as Part<TItem>;
      const items = this.#itemsFrom(index, Infinity);
      index += items.length;
      joined.push({ item: this.#joinItems(items), start, end: (this.#parts[index - 1] as Part<TItem>).end });
    }
    this.#parts.splice(this.#joinedCount, Infinity, ...joined);
    this.#joinedCount = this.#parts.length;
  }

  /** The item of a part, and those of the neighbours that go with it, until they reach a position. */
  #itemsFrom(index: number, enough: number): [TItem, ...TItem[]] {
    const first = this.#parts[index] as Part<TItem>;
    const items: [TItem, ...TItem[]] = [first.item];
    let { end } = first;
    while (end < enough) {
      const next = this.#parts[index + items.length];
      // After a skip the neighbours are not neighbours.
      if (next?.start !== end || !this.#shape.joins(first.item, next.item)) break;
      items.push(next.item);
      end = next.end;
    }
    return items;
  }

  #joinItems(items: readonly [TItem, ...TItem[]]): TItem {
    return items.length === 1 ? items[0] : this.#shape.join(items);
  }

  /** The index of the first part that ends behind the position. */
  #indexAt(position: number): number {
    let low = 0;
    let high = this.#parts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#parts[middle] as Part<TItem>).end > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #wake(): void {
    for (const follower of this.#followers) follower.wake();
  }
}

/** Resolves at the next change of the log, or when the follower leaves. */
function waitForChange(follower: Follower): Promise<void> {
  return new Promise((resolve) => {
    // More than one change may come before it goes on; the first one has woken it.
    follower.wake = resolve;
  });
}
