import type { Selectable } from "kysely";

export type RunTable = {
  id: string;
  user_id: number;
  /** The client's key: unique together with the user. */
  request_id: string;
  /** What was asked, so that the same key with another question is found out. */
  input_hash: string;
  conversation_id: number;
  user_message_id: string | null;
  assistant_message_id: string;
  /** The answer that this one goes on with, where it does. */
  continued_message_id: string | null;
  /** JSON of the contract's `OnDisconnect`; null: it goes on. */
  on_disconnect: string | null;
  model: string;
  state: string;
  /** The process that drives it. */
  owner: string;
  error_code: string | null;
  error_message: string | null;
  /** The consolidated events of an ended run (JSON), deltas by their lengths only: the text stands in the message. */
  log: string | null;
  created_at: number;
  ended_at: number | null;
};

/** A row of `runs`, as it is read. */
export type RunRow = Selectable<RunTable>;

/** What a running run has said since the segment before. */
export type RunSegmentTable = {
  run_id: string;
  /** The position of its first unit. */
  start: number;
  /** JSON of the events. */
  events: string;
};
