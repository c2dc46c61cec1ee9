import type { Generated } from "kysely";

export type KnowledgeBaseTable = {
  /** What the words of its passages are marked with. */
  number: Generated<number>;
  id: string;
  /** Null: its owner is gone, and so it is to go. */
  user_id: number | null;
  name: string;
  /** The vectors that are searched. */
  space_id: number | null;
  /** The vectors that will be, once there is one for every passage; null: nothing is under way. */
  next_space_id: number | null;
  /** Counts what changes the passages that a search may find. */
  revision: Generated<number>;
  created_at: number;
  removed_at: number | null;
};

/** Who reads a base beside its owner. */
export type KnowledgeReaderTable = { base_id: string; user_id: number; created_at: number };

/** Vectors of one model, for one base. */
export type KnowledgeSpaceTable = {
  id: Generated<number>;
  base_id: string;
  model: string;
  /** Null: no vector has come yet. */
  dims: number | null;
  created_at: number;
};

export type KnowledgeDocumentTable = {
  id: string;
  base_id: string;
  name: string;
  kind: string;
  /** The number of the version that is found. */
  current_version: number | null;
  /** The number of the version that came last. */
  newest_version: number | null;
  created_at: number;
  removed_at: number | null;
};

/** One content of a document. */
export type KnowledgeVersionTable = {
  number: Generated<number>;
  id: string;
  document_id: string;
  base_id: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  hash: string;
  file_key: string;
  bytes: number;
  state: string;
  error_code: string | null;
  error_message: string | null;
  /** How many are stored. */
  passages: Generated<number>;
  created_at: number;
  ended_at: number | null;
};

export type KnowledgePassageTable = {
  id: Generated<number>;
  version: number;
  position: number;
  first_char: number;
  end_char: number;
  /** JSON; null: none. */
  headings: string | null;
  page: number | null;
  content: string;
};

/** The index (FTS5), of each base's own words: it can be asked for matches, but gives no text back. */
export type KnowledgeIndexTable = {
  rowid: number;
  /** The word of the content that the passage belongs to. */
  scope: string;
  title: string;
  content: string;
};

export type KnowledgeVectorTable = {
  id: Generated<number>;
  space_id: number;
  passage_id: number;
  vector: Uint8Array;
};

export type KnowledgeJobTable = {
  id: string;
  kind: string;
  base_id: string;
  document_id: string | null;
  version_id: string | null;
  space_id: number | null;
  state: string;
  done: Generated<number>;
  total: number | null;
  attempts: Generated<number>;
  next_at: number;
  owner: string | null;
  leased_until: number | null;
  error_code: string | null;
  error_message: string | null;
  created_at: number;
  ended_at: number | null;
};
