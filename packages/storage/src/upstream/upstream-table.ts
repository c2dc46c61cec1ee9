export type UpstreamTable = {
  id: string;
  name: string;
  /** Where the entry comes from: `config`, `environment`, `local`, `demo`. */
  source: string;
  endpoint: string;
  /** The upstream's key, sealed. */
  key_sealed: string | null;
  /** JSON: the models that it serves. */
  models: string;
  /** JSON: a caller's name for a model → the upstream's. */
  aliases: string;
  /** JSON: its own clocks. */
  clocks: string | null;
  /** Its place in the order. */
  position: number;
  updated_at: number;
};
