/**
 * Writes some items in one go, into the connection or transaction that they were gathered for.
 *
 * @param isLate - Whether nothing but late writes follows until the commit.
 */
export type LateWriter<TDb extends object, TItem> = (
  db: TDb,
  items: readonly TItem[],
  isLate: boolean,
) => Promise<void>;

type LateWrite = {
  readonly write: LateWriter<object, unknown>;
  readonly item: unknown;
};

/** What waits for the end of a transaction. Those that have no list here write at once. */
const gathered = new WeakMap<object, LateWrite[]>();

/**
 * Writes items at the end of the transaction, together with those of everybody who shares it: for what costs less by
 * the transaction than by the item. Outside of a shared transaction they are written at once.
 *
 * Whether an item is still wanted by then is for the writer to find out.
 */
export async function writeLate<TDb extends object, TItem>(
  db: TDb,
  write: LateWriter<TDb, TItem>,
  items: readonly TItem[],
): Promise<void> {
  const waiting = gathered.get(db);
  if (waiting === undefined) await write(db, items, false);
  else for (const item of items) waiting.push({ write: write as LateWrite["write"], item });
}

/** Gathers the late writes of a transaction. */
export class LateWrites {
  readonly #db: object;
  readonly #waiting: LateWrite[] = [];

  constructor(db: object) {
    this.#db = db;
    gathered.set(db, this.#waiting);
  }

  /** How much waits: where to go back to when the work that follows is undone. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Forgets what came after a length. */
  undo(length: number): void {
    this.#waiting.length = length;
  }

  /** Writes everything; to be called when no more work follows, before the commit. */
  async finish(): Promise<void> {
    const items = Map.groupBy(this.#waiting.splice(0), ({ write }) => write);
    for (const [write, list] of items) {
      await write(
        this.#db,
        list.map(({ item }) => item),
        true,
      );
    }
  }
}
