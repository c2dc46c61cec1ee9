export type ApiKeyTable = {
  id: string;
  /** Its owner; null for a key that belongs to nobody. */
  user_id: number | null;
  name: string;
  /** SHA-256 of the secret. */
  hash: string;
  /** SHA-256 of the secret before it, which goes on working until `grace_until`. */
  previous_hash: string | null;
  grace_until: number | null;
  /** How the secret begins and ends: all of it that is shown. */
  prefix: string;
  last4: string;
  /** JSON: what it opens. */
  scopes: string;
  /** JSON: patterns of models; none means every model. */
  models: string;
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  concurrent_max: number | null;
  budget_nanos: number | null;
  budget_window: string | null;
  /** 1: an administrator set its limits. */
  is_managed: number;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
};

/** What a key has spent in one window of its budget. */
export type KeyBudgetTable = {
  key_id: string;
  budget_window: string;
  window_start: number;
  spent_nanos: number;
  /** The sum of its reservations. */
  reserved_nanos: number;
};

/** Money held for a request under way. */
export type ReservationTable = {
  id: string;
  key_id: string;
  budget_window: string;
  window_start: number;
  amount_nanos: number;
  /** The process that holds it. */
  owner: string;
  created_at: number;
};
