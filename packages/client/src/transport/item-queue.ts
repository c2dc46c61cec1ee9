/** Items on their way from a source that pushes to a reader that pulls. */
export type ItemQueue<TItem> = {
  push(item: TItem): void;
  /** No further item comes; the reader gets what is left and then the end, or this error. */
  end(error?: Error): void;
  /** The one reader. Leaving it calls `onLeave`. */
  read(onLeave?: () => void): AsyncGenerator<TItem, void>;
};

/** Creates an empty queue. */
export function createItemQueue<TItem>(): ItemQueue<TItem> {
  const items: TItem[] = [];
  let end: { readonly error: Error | undefined } | undefined;
  let wake = () => {};

  return {
    push(item) {
      if (end !== undefined) return;
      items.push(item);
      wake();
    },
    end(error) {
      end ??= { error };
      wake();
    },
    async *read(onLeave) {
      try {
        for (;;) {
          // Taken all at once: to shift them one by one would move the rest each time.
          yield* items.splice(0);
          if (items.length > 0) continue;
          if (end?.error !== undefined) throw end.error;
          if (end !== undefined) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      } finally {
        onLeave?.();
      }
    },
  };
}
