import { Counter, type Metric, type Registry } from "prom-client";

// prom-client sorts, checks and hashes the labels at every count, which costs more than anything else there is to do
// for it. So it is counted here, in cells that are found by one look-up, and handed over when somebody reads.

/** What names a metric. */
export type MetricName<TLabel extends string> = {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly TLabel[];
};

/** One number of a metric, with the values of its labels. */
export type Cell = { count: number };

/** Finds the cell of these label values, in the order of the labels' names; makes it at the first time. */
export type FindCell<TCell> = (first: string, second?: string, third?: string) => TCell;

type Labelled<TCell> = { readonly labels: Record<string, string>; readonly cell: TCell };

function createCells<TCell>(names: readonly string[], create: () => TCell) {
  const cells = new Map<string, Labelled<TCell>>();
  const find: FindCell<TCell> = (first, second = "", third = "") => {
    const key = `${first}\n${second}\n${third}`;
    let found = cells.get(key);
    if (found === undefined) {
      const values = [first, second, third];
      const labels = Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
      found = { labels, cell: create() };
      cells.set(key, found);
    }
    return found.cell;
  };
  return { find, all: () => cells.values() };
}

/** Creates a counter; whoever counts adds to its cells. */
export function createCounter<TLabel extends string>(
  registry: Registry,
  { name, help, labels }: MetricName<TLabel>,
): FindCell<Cell> {
  const cells = createCells(labels, (): Cell => ({ count: 0 }));
  const counter = new Counter<string>({
    name,
    help,
    labelNames: labels,
    registers: [],
    collect() {
      this.reset();
      for (const { labels: values, cell } of cells.all()) this.inc(values, cell.count);
    },
  });
  registry.registerMetric(counter);
  return cells.find;
}

/** One distribution of a histogram. */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** Counts a value: anything but a number that is zero or more is left out. */
  observe(value: number): void {
    if (!(value >= 0) || !Number.isFinite(value)) return;
    let index = 0;
    while (index < this.#bounds.length && value > (this.#bounds[index] as number)) index++;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.sum += value;
  }

  /** How many values were at most so large, for each bound, and how many there were at all. */
  cumulate(): { readonly le: string; readonly count: number }[] {
    let total = 0;
    return this.#counts.map((count, index) => {
      total += count;
      return { le: String(this.#bounds[index] ?? "+Inf"), count: total };
    });
  }
}

/** Creates a histogram with these upper bounds. */
export function createHistogram<TLabel extends string>(
  registry: Registry,
  { name, help, labels, bounds }: MetricName<TLabel> & { readonly bounds: readonly number[] },
): FindCell<Distribution> {
  const cells = createCells(labels, () => new Distribution(bounds));
  const metric = {
    name,
    help,
    type: "histogram",
    aggregator: "sum",
    get: () => Promise.resolve({ name, help, type: "histogram", aggregator: "sum", values: toValues() }),
    reset: () => {},
  };
  function toValues() {
    return [...cells.all()].flatMap(({ labels: own, cell }) => {
      const buckets = cell.cumulate();
      return [
        ...buckets.map(({ le, count }) => ({
          metricName: `${name}_bucket`,
          labels: { le, ...own },
          value: count,
        })),
        { metricName: `${name}_sum`, labels: own, value: cell.sum },
        { metricName: `${name}_count`, labels: own, value: buckets.at(-1)?.count ?? 0 },
      ];
    });
  }
  // A registry asks its metrics for nothing but their name and `get`; the type knows only the package's own classes.
  registry.registerMetric(metric as unknown as Metric);
  return cells.find;
}
