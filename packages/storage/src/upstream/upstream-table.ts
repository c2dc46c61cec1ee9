export type UpstreamTable = {
  id: string;
  /** What operators and admin calls name it by; never given twice. */
  number: number;
  name: string;
  /** Where the entry comes from: `config`, `environment`, `local`, `demo`, `cli`, `api`. */
  source: string;
  endpoint: string;
  /** JSON: the upstream's keys, each sealed. */
  keys_sealed: string;
  /** JSON: the models that it serves. */
  models: string;
  /** JSON: a caller's name for a model → the upstream's. */
  aliases: string;
  /** JSON: its own clocks. */
  clocks: string | null;
  /** JSON: everything else that may be said of it. */
  options: string;
  /** JSON: the callers' tokens that open it, each sealed. */
  tokens_sealed: string;
  /** 1: callers without a token may use it. */
  is_open: number;
  /** 0: nothing is sent to it. */
  is_enabled: number;
  /** A sealed digest of what the file, or wherever it was found, said of it last. */
  found_sealed: string | null;
  /** Removed by an administrator although the place where it was found still names it. */
  removed_at: number | null;
  /** Its place in the order. */
  position: number;
  created_at: number;
  updated_at: number;
};

/** What is counted of an upstream, apart from it since it is written often. */
export type UpstreamTallyTable = {
  upstream_id: string;
  successes: number;
  failures: number;
  last_success_at: number | null;
  last_failure_at: number | null;
};
