/** What a user has decided about a tool once and for all. */
export type ToolGrantTable = {
  user_id: number;
  tool: string;
  /** `always` or `never`. */
  permission: string;
  created_at: number;
};

/** One call of a tool. */
export type ToolCallTable = {
  run_id: string;
  call_id: string;
  at: number;
  user_id: number | null;
  tool: string;
  /** How long the tool took; 0 for a call that was not made. */
  ms: number;
  ok: number;
  /** Why it has no result of its tool. */
  failure: string | null;
};
