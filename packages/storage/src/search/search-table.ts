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

/** The index (FTS5): it can be asked for matches, but gives no text back. */
export type SearchIndexTable = {
  rowid: number;
  /** Whose the row is and where it stands, as words: a search of one user's reads no rows of others. */
  scope: string;
  title: string;
  content: string;
};
