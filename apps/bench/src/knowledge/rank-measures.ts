/** What a search is judged by, over many questions with one right place each: averages between 0 and 1. */
export type RankMeasures = {
  /** The part of the questions whose place is among the first five. */
  readonly recallAt5: number;
  readonly ndcgAt10: number;
};

/**
 * Judges the ranks at which the right places stood: from 1, undefined where one was not found. With one right place for
 * each question the ideal gain is 1, and nDCG is the gain itself.
 *
 * @source Järvelin, Kekäläinen: Cumulated gain-based evaluation of IR techniques (2002).
 */
export function measureRanks(ranks: readonly (number | undefined)[]): RankMeasures {
  const mean = (toValue: (rank: number) => number) =>
    ranks.reduce<number>((sum, rank) => sum + (rank === undefined ? 0 : toValue(rank)), 0) / ranks.length;
  return {
    recallAt5: mean((rank) => (rank <= 5 ? 1 : 0)),
    ndcgAt10: mean((rank) => (rank <= 10 ? 1 / Math.log2(rank + 1) : 0)),
  };
}
