/**
 * Measures two ways of one thing in turns, the order turned round each time, so that what the machine does meanwhile
 * falls on both. A round before the counted ones is for the compiler; it is round 0.
 *
 * @returns the figures of each way, one for each round.
 */
export async function alternate<TWay extends string, TFigures>(
  ways: readonly [TWay, TWay],
  given: { readonly rounds: number; readonly measure: (way: TWay, round: number) => Promise<TFigures> },
): Promise<Record<TWay, TFigures[]>> {
  const [first, second] = ways;
  const seen = { [first]: [], [second]: [] } as unknown as Record<TWay, TFigures[]>;
  for (let round = 0; round <= given.rounds; round++) {
    for (const way of round % 2 === 0 ? ways : ways.toReversed()) {
      const figures = await given.measure(way, round);
      if (round > 0) seen[way].push(figures);
    }
  }
  return seen;
}
