import type { Price, PriceView, UnitPrices } from "@llm-backend/contract";
import { matchesPattern } from "@llm-backend/gateway";

/** The prices in force, in the order in which they count: an earlier layer hides every later one. */
export type PriceTable = {
  /** What a model costs at an upstream; undefined where nobody said so. */
  find(model: string, upstream?: string): UnitPrices | undefined;
  /** What a model may cost, wherever it is asked: one entry for each upstream with a price of its own. */
  findAll(model: string): readonly UnitPrices[];
};

/** Prices of one origin. */
export type PriceLayer = { readonly source: PriceView["source"]; readonly prices: readonly Price[] };

/** Names that are asked for come from callers: the memory of them is bounded. */
const remembered = 1000;

/**
 * Creates a table. Within a layer a price for the one upstream counts before one for all of them, and then the one
 * with the longest pattern.
 */
export function createPriceTable(layers: readonly PriceLayer[]): PriceTable {
  const upstreams = [
    ...new Set(layers.flatMap(({ prices }) => prices.flatMap(({ upstream }) => upstream ?? []))),
  ];
  const found = new Map<string, UnitPrices | undefined>();

  function find(model: string, upstream?: string): UnitPrices | undefined {
    const key = `${upstream ?? ""}\0${model}`;
    if (found.has(key)) return found.get(key);
    if (found.size >= remembered) found.clear();
    const prices = layers
      .map((layer) => findIn(layer.prices, model, upstream))
      .find((match) => match !== undefined)?.prices;
    found.set(key, prices);
    return prices;
  }

  return {
    find,
    findAll: (model) =>
      [undefined, ...upstreams].flatMap((upstream) => {
        const prices = find(model, upstream);
        return prices === undefined ? [] : [prices];
      }),
  };
}

function findIn(prices: readonly Price[], model: string, upstream: string | undefined): Price | undefined {
  const fitting = prices.filter((price) => matchesPattern(price.model, model));
  const own = upstream === undefined ? [] : fitting.filter((price) => price.upstream === upstream);
  return findLongest(own) ?? findLongest(fitting.filter((price) => price.upstream === undefined));
}

function findLongest(prices: readonly Price[]): Price | undefined {
  let longest: Price | undefined;
  for (const price of prices) {
    if (longest === undefined || price.model.length > longest.model.length) longest = price;
  }
  return longest;
}
