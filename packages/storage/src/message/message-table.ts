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
};
