import type { Generated } from "kysely";

/** What can be found: a message, or, without a message, the title of a conversation. */
export type SearchEntryTable = {
  /** The row of the index. */
  id: Generated<number>;
  user_id: number;
  conversation_id: number;
  message_id: string | null;
  role: string | null;
  model: string | null;
  created_at: number;
};

/** The index (FTS5), of each user's own words: it can be asked for matches, but gives no text back. */
export type SearchIndexTable = {
  rowid: number;
  title: string;
  content: string;
};
