export type ConversationTable = {
  id: number;
  user_id: number;
  title: string;
  model: string;
  /** The user's own key for the provider, sealed. */
  api_key_sealed: string | null;
  system_prompt: string | null;
  /** The newest message of the branch that is shown. */
  head_message_id: string | null;
  created_at: number;
  updated_at: number;
};
