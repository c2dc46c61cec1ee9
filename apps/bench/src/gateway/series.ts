import { median } from "../statistics.ts";

/** What one turn of one contender measured. */
export type Figures = Readonly<Record<string, number>>;

/** The figures of all contenders over the rounds of a run. */
export type Series = {
  readonly names: readonly string[];
  /** Adds a contender's figures of the next round. */
  add(name: string, figures: Figures): void;
  /** The median over the rounds; NaN when nothing was measured. */
  median(name: string, figure: string): number;
  /** The median of the ratios that were taken within each round; NaN when one of the two is missing. */
  ratio(name: string, over: { readonly name: string; readonly figure: string }): number;
};

/** Creates an empty series of the contenders, in the order in which they are shown. */
export function createSeries(contenders: readonly { readonly name: string }[]): Series {
  const rounds = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]));
  const all = (name: string, figure: string) =>
    (rounds.get(name) ?? []).map((figures) => figures[figure] ?? Number.NaN);
  return {
    get names() {
      return [...rounds.keys()];
    },
    add(name, figures) {
      rounds.set(name, [...(rounds.get(name) ?? []), figures]);
    },
    median: (name, figure) => median(all(name, figure)),
    ratio(name, over) {
      const base = all(over.name, over.figure);
      return median(
        all(name, over.figure).flatMap((value, round) =>
          base[round] === undefined ? [] : [value / base[round]],
        ),
      );
    },
  };
}
