/** What is remembered of one conversation of a voice engine. */
export type VoiceMemoryTable = {
  id: string;
  /** The owner of the key that it was held with; null for callers without an account. */
  user_id: number | null;
  /** JSON: the turns, oldest first. */
  turns: string;
  updated_at: number;
};
