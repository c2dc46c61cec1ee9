/** What one answered request used, and what that cost. A number that nobody reported is null. */
export type LedgerTable = {
  /** The request's or the run's id. */
  request_id: string;
  at: number;
  key_id: string | null;
  user_id: number | null;
  model: string;
  /** The name of the upstream that answered. */
  upstream: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  reasoning_tokens: number | null;
  cached_tokens: number | null;
  cache_write_tokens: number | null;
  audio_input_tokens: number | null;
  audio_output_tokens: number | null;
  /** JSON: the prices that it was settled with. */
  unit_prices: string | null;
  cost_nanos: number | null;
  usage_source: string;
};
