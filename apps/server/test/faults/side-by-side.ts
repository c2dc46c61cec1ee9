/** Does something with each item, a few at a time; the first failure ends it. */
export async function sideBySide<TItem>(
  items: Iterable<TItem>,
  task: (item: TItem) => Promise<void>,
  atOnce = 6,
): Promise<void> {
  const left = [...items];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await task(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Numbers from 1 up to a limit, so far apart. */
export const everyNth = (step: number, limit: number): number[] =>
  Array.from({ length: Math.ceil((limit - 1) / step) }, (_, index) => 1 + index * step);
