/** Things in the order in which one way of searching found them, best first, each once. */
export type RankedList = readonly number[];

/** Something that was found, and where: its places in the lists, from 1. */
export type Fused = {
  readonly id: number;
  /** Between 0 and 1; 1 is what every list has first. */
  readonly score: number;
  readonly ranks: readonly (number | undefined)[];
};

/**
 * How little the first places count more than those behind them.
 *
 * @source Cormack, Clarke, Büttcher: Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning Methods (2009)
 */
const rankOffset = 60;

/**
 * Joins lists by the places that things have in them: scores of different ways of searching cannot be compared, places can.
 * Best first; of two that are equally good the one with the smaller id.
 *
 * @param weights - How much each list counts. @default all the same
 */
export function fuseRanks(
  lists: readonly RankedList[],
  weights: readonly number[] = lists.map(() => 1),
): Fused[] {
  const ranks = new Map<number, (number | undefined)[]>();
  for (const [index, list] of lists.entries()) {
    for (const [place, id] of list.entries()) {
      let known = ranks.get(id);
      if (known === undefined) ranks.set(id, (known = lists.map(() => undefined)));
      known[index] ??= place + 1;
    }
  }
  const weigh = (index: number) => weights[index] ?? 0;
  const most = lists.reduce((total, _, index) => total + weigh(index), 0) / (rankOffset + 1);
  return Array.from(ranks, ([id, places]) => {
    const sum = places.reduce<number>(
      (total, place, index) => total + (place === undefined ? 0 : weigh(index) / (rankOffset + place)),
      0,
    );
    return { id, score: sum / most, ranks: places };
  }).toSorted((first, second) => second.score - first.score || first.id - second.id);
}
