/** What comes when it comes, for one reader who takes it in his own time. */
export type Arrivals<Item> = AsyncIterable<Item> & {
  push(...items: readonly Item[]): void;
  /** Nothing more comes. */
  end(): void;
  /** The reader is told of the failure when he has taken what came before it. */
  fail(error: unknown): void;
  /** How much has not been taken yet. */
  readonly waiting: number;
};

/** What the options say. */
export type ArrivalsOptions = {
  /** Called when the reader has taken something, or has stopped reading. */
  readonly onTaken?: () => void;
};

/** Creates an empty queue; items behind its end, or behind a reader who has stopped, are dropped. */
export function createArrivals<Item>({ onTaken }: ArrivalsOptions = {}): Arrivals<Item> {
  let items: Item[] = [];
  let ending: { readonly error?: unknown } | undefined;
  let isRead = true;
  let wake: (() => void) | undefined;

  const close = (how: { readonly error?: unknown }) => {
    ending ??= how;
    wake?.();
  };

  /** The next item; undefined behind the last one. */
  async function take(): Promise<{ readonly item: Item } | undefined> {
    while (items.length === 0) {
      if (ending !== undefined) {
        if ("error" in ending) throw ending.error;
        return undefined;
      }
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const item = items.shift() as Item;
    onTaken?.();
    return { item };
  }

  async function* read(): AsyncGenerator<Item> {
    try {
      for (let taken = await take(); taken !== undefined; taken = await take()) yield taken.item;
    } finally {
      isRead = false;
      items = [];
      onTaken?.();
    }
  }

  return {
    push(...more) {
      if (!isRead || ending !== undefined) return;
      items.push(...more);
      wake?.();
    },
    end: () => close({}),
    fail: (error) => close({ error }),
    get waiting() {
      return items.length;
    },
    [Symbol.asyncIterator]: read,
  };
}
