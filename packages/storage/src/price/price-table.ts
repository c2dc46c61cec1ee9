/** What the operator says that models cost. */
export type PriceTable = {
  /** A pattern of model names. */
  model: string;
  /** The name of the upstream that it is for; empty for all of them. */
  upstream: string;
  /** JSON: nano-dollars per million tokens of each class. */
  unit_prices: string;
  updated_at: number;
};
