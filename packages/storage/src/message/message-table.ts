export type MessageTable = {
  id: string;
  conversation_id: number;
  parent_id: string | null;
  role: string;
  content: string;
  reasoning: string | null;
  model: string | null;
  finish_reason: string | null;
  /** JSON of the contract's `Usage`. */
  usage: string | null;
  /** The run that writes, or wrote, this answer. */
  run_id: string | null;
  created_at: number;
  /** JSON of the contract's `ToolCallView`s: the calls of an answer that no run tells of; null: it has none. */
  tool_calls: string | null;
  /** JSON of the contract's `Citation`s: what the answer was given to read; null: nothing. */
  citations: string | null;
};
