import type { ErrorCode } from "@llm-backend/contract";
import type { Selectable } from "kysely";
import type { KnowledgeJobTable, KnowledgePassageTable } from "./knowledge-table.ts";

/** A knowledge base. */
export type KnowledgeBase = {
  readonly id: string;
  readonly userId: number;
  readonly name: string;
  /** The model whose vectors are searched. */
  readonly embeddingModel: string;
  readonly spaceId: number;
  /** The model whose vectors will be searched once all are there; null: nothing is under way. */
  readonly nextEmbeddingModel: string | null;
  readonly nextSpaceId: number | null;
  readonly createdAt: number;
};

/** Where the content of a document stands. `replaced`: it is to be removed. */
export type KnowledgeVersionState =
  | "waiting"
  | "reading"
  | "embedding"
  | "ready"
  | "failed"
  | "cancelled"
  | "replaced";

/** Why something ended without a result. */
export type KnowledgeFailure = { readonly code: ErrorCode; readonly message: string };

/** One content of a document. */
export type KnowledgeVersion = {
  readonly id: string;
  readonly documentId: string;
  readonly baseId: string;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly hash: string;
  /** Names its file, together with the hash. */
  readonly fileKey: string;
  readonly bytes: number;
  readonly state: KnowledgeVersionState;
  readonly failure: KnowledgeFailure | null;
  /** How many passages are stored. */
  readonly passages: number;
  readonly createdAt: number;
};

/** A document, and what it contains. */
export type KnowledgeDocument = {
  readonly id: string;
  readonly baseId: string;
  readonly name: string;
  /** One of the contract's kinds. */
  readonly kind: string;
  /** Whether some content of it is found. */
  readonly isSearchable: boolean;
  /** The content that came last. */
  readonly newest: KnowledgeVersion;
  readonly createdAt: number;
};

/** A piece of a document's text, to be stored. */
export type NewKnowledgePassage = {
  readonly position: number;
  /** Where it stands in the document's text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly headings: readonly string[];
  readonly page?: number | undefined;
  readonly content: string;
};

/** A piece of a document's text. */
export type KnowledgePassage = NewKnowledgePassage & { readonly id: number };

/** A vector of a passage; it need not be of length one. */
export type KnowledgeVector = { readonly passageId: number; readonly vector: Float32Array };

/** Something that is done with a base in the background. */
export type KnowledgeJob = {
  readonly id: string;
  readonly kind: "ingest" | "re-embed";
  readonly baseId: string;
  /** The document and the content of it that is worked on; null where it is the whole base. */
  readonly documentId: string | null;
  readonly versionId: string | null;
  /** The space that is filled. */
  readonly spaceId: number | null;
  readonly state: "waiting" | "running" | "done" | "failed" | "cancelled";
  readonly done: number;
  readonly total: number | null;
  /** How often it was begun. */
  readonly attempts: number;
  /** Not before this time, in Unix milliseconds. */
  readonly nextAt: number;
  readonly owner: string | null;
  /** Why it failed, or is to be tried again; of a job that is done, what it could not do. */
  readonly failure: KnowledgeFailure | null;
  readonly createdAt: number;
  readonly endedAt: number | null;
};

/** Reads a row of `knowledge_passages`. */
export function toKnowledgePassage(row: Selectable<KnowledgePassageTable>): KnowledgePassage {
  return {
    id: row.id,
    position: row.position,
    start: row.first_char,
    end: row.end_char,
    headings: row.headings === null ? [] : (JSON.parse(row.headings) as string[]),
    ...(row.page !== null && { page: row.page }),
    content: row.content,
  };
}

/** Reads a row of `knowledge_jobs`. */
export function toKnowledgeJob(row: Selectable<KnowledgeJobTable>): KnowledgeJob {
  return {
    id: row.id,
    kind: row.kind as KnowledgeJob["kind"],
    baseId: row.base_id,
    documentId: row.document_id,
    versionId: row.version_id,
    spaceId: row.space_id,
    state: row.state as KnowledgeJob["state"],
    done: row.done,
    total: row.total,
    attempts: row.attempts,
    nextAt: row.next_at,
    owner: row.owner,
    failure: toKnowledgeFailure(row),
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}

/** Reads the failure of a row that has one. */
export function toKnowledgeFailure(row: {
  readonly error_code: string | null;
  readonly error_message: string | null;
}): KnowledgeFailure | null {
  if (row.error_code === null) return null;
  return { code: row.error_code as ErrorCode, message: row.error_message ?? "" };
}
