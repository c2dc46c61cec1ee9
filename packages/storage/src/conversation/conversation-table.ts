export type ConversationTable = {
  id: number;
  user_id: number;
  title: string;
  title_source: string;
  model: string;
  /** The user's own key for the provider, sealed. */
  api_key_sealed: string | null;
  system_prompt: string | null;
  /** The newest message of the branch that is shown. */
  head_message_id: string | null;
  pinned: number;
  archived: number;
  /** JSON of the contract's `ToolsSetting`; null: no tools. */
  tools: string | null;
  /** JSON of a list of knowledge bases' ids; null: none. */
  knowledge_base_ids: string | null;
  top_k: number | null;
  /** The document that it was read from: unique together with the user. */
  import_key: string | null;
  created_at: number;
  updated_at: number;
};
