import type { Generated } from "kysely";

export type RequestRecordTable = {
  /** The order of writing. */
  seq: Generated<number>;
  /** Sorts by the time at which the request came. */
  id: string;
  at: number;
  client_ip: string | null;
  host: string | null;
  method: string | null;
  path: string | null;
  kind: string;
  /** The model that was asked for. */
  model: string | null;
  model_answered: string | null;
  /** The name that the upstream had. */
  upstream: string | null;
  upstream_id: string | null;
  status: number;
  /** The first digit of the status. */
  status_class: number;
  user_agent: string | null;
  streamed: number;
  finish_reason: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  reasoning_tokens: number | null;
  cached_tokens: number | null;
  usage_source: string;
  cost_nanos: number | null;
  first_byte_ms: number | null;
  elapsed_ms: number;
  error_code: string | null;
  error_message: string | null;
  key_id: string | null;
  key_name: string | null;
  user_id: number | null;
  /** Where the request was an answer of a conversation: its run and its message. */
  run_id: string | null;
  message_id: string | null;
  attempt_count: number;
  request_bytes: number | null;
  answer_chars: number | null;
  /** JSON: what a voice engine sent beside OpenAI's fields, and what was done for the call. */
  voice: string | null;
};

export type RecordAttemptTable = {
  record_id: string;
  position: number;
  upstream: string;
  upstream_id: string;
  key_last4: string | null;
  model: string;
  outcome: string;
  status: number | null;
  message: string | null;
  connect_ms: number | null;
  first_byte_ms: number | null;
  first_token_ms: number | null;
  total_ms: number;
};

export type RecordBodiesTable = {
  record_id: string;
  /** The size of both texts. */
  bytes: number;
  request: string | null;
  answer: string | null;
};

/** One row, with the id 1. */
export type RecordTotalsTable = { id: number; records: number; body_bytes: number };
