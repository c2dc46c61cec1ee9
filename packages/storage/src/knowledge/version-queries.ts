import { sql, type Kysely, type Selectable } from "kysely";
import type { Database } from "../database.ts";
import {
  toKnowledgeFailure,
  type KnowledgeFailure,
  type KnowledgeVersion,
  type KnowledgeVersionState,
} from "./knowledge-row.ts";
import type { KnowledgeVersionTable } from "./knowledge-table.ts";
import { createLeftoverQueries } from "./leftover-queries.ts";

/** A content that is new; it waits to be read. */
export type NewKnowledgeVersion = Pick<
  KnowledgeVersion,
  "id" | "documentId" | "hash" | "fileKey" | "bytes" | "createdAt"
>;

/** The columns of a version, wherever it is joined as `version`. */
export const versionColumns = [
  "version.id",
  "version.document_id",
  "version.base_id",
  "version.hash",
  "version.file_key",
  "version.bytes",
  "version.state",
  "version.error_code",
  "version.error_message",
  "version.passages",
  "version.created_at",
] as const;

/** Creates the part of the repository of documents that is about their contents. */
export function createVersionQueries(db: Kysely<Database>) {
  return {
    ...createLeftoverQueries(db),

    /**
     * Gives a document a new content, which waits. The one that is found stays so; all others are to be removed, and what
     * is done with them is cancelled. False when the document is gone.
     */
    async insertVersion(version: NewKnowledgeVersion): Promise<boolean> {
      const { rows } = await sql<{ number: number }>`
        insert into knowledge_versions (id, document_id, base_id, hash, file_key, bytes, state, created_at)
        select ${version.id}, document.id, document.base_id, ${version.hash}, ${version.fileKey},
          cast(${version.bytes} as bigint), 'waiting', cast(${version.createdAt} as bigint)
        from knowledge_documents as document
        where document.id = ${version.documentId} and document.removed_at is null
        returning number
      `.execute(db);
      const [row] = rows;
      if (row === undefined) return false;
      await sql`
        update knowledge_versions set state = 'replaced'
        where document_id = ${version.documentId} and number <> ${row.number} and number not in (
          select current_version from knowledge_documents
          where id = ${version.documentId} and current_version is not null
        )
      `.execute(db);
      await db
        .updateTable("knowledge_jobs")
        .set({ state: "cancelled", ended_at: version.createdAt, owner: null })
        .where("document_id", "=", version.documentId)
        .where("state", "in", ["waiting", "running"])
        .execute();
      await db
        .updateTable("knowledge_documents")
        .set({ newest_version: row.number })
        .where("id", "=", version.documentId)
        .execute();
      return true;
    },

    /** The contents of a base that are found, behind one, in their order. */
    async listFound(
      baseId: string,
      page: { readonly after: number; readonly limit: number },
    ): Promise<{ id: string; number: number }[]> {
      return db
        .selectFrom("knowledge_versions")
        .select(["id", "number"])
        .where("base_id", "=", baseId)
        .where("number", ">", page.after)
        .where("state", "=", "ready")
        .orderBy("number")
        .limit(page.limit)
        .execute();
    },

    async findVersion(id: string): Promise<KnowledgeVersion | undefined> {
      const row = await db
        .selectFrom("knowledge_versions as version")
        .select(versionColumns)
        .where("version.id", "=", id)
        .executeTakeFirst();
      return row && toVersion(row);
    },

    /** The content whose bytes are in this file. */
    async findVersionByFile(fileKey: string): Promise<KnowledgeVersion | undefined> {
      const row = await db
        .selectFrom("knowledge_versions as version")
        .select(versionColumns)
        .where("version.file_key", "=", fileKey)
        .executeTakeFirst();
      return row && toVersion(row);
    },

    /** Notes where a content stands; false when it is to be removed, or gone. */
    async setVersionState(
      id: string,
      state: Exclude<KnowledgeVersionState, "ready" | "replaced">,
      ended?: { readonly at: number; readonly failure?: KnowledgeFailure | undefined },
    ): Promise<boolean> {
      const result = await db
        .updateTable("knowledge_versions")
        .set({
          state,
          error_code: ended?.failure?.code ?? null,
          error_message: ended?.failure?.message ?? null,
          ended_at: ended?.at ?? null,
        })
        .where("id", "=", id)
        .where("state", "not in", ["ready", "replaced"])
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },

    /**
     * From here on this content is what is found of its document, and the one before is to be removed. Its passages have
     * to be there, with their vectors, and stay as they are. False when it is no longer wanted: cancelled, replaced, gone.
     */
    async switchVersion(documentId: string, versionId: string, now: number): Promise<boolean> {
      const version = await db
        .updateTable("knowledge_versions")
        .set({ state: "ready", error_code: null, error_message: null, ended_at: now })
        .where("id", "=", versionId)
        .where("document_id", "=", documentId)
        .where("state", "in", ["waiting", "reading", "embedding"])
        .returning(["number", "base_id"])
        .executeTakeFirst();
      if (version === undefined) return false;
      await sql`
        update knowledge_versions set state = 'replaced'
        where number = (select current_version from knowledge_documents where id = ${documentId})
      `.execute(db);
      await db
        .updateTable("knowledge_documents")
        .set({ current_version: version.number })
        .where("id", "=", documentId)
        .execute();
      await db
        .updateTable("knowledge_bases")
        .set({ revision: sql<number>`revision + 1` })
        .where("id", "=", version.base_id)
        .execute();
      return true;
    },
  };
}

type VersionRow = Pick<
  Selectable<KnowledgeVersionTable>,
  (typeof versionColumns)[number] extends `version.${infer TName}`
    ? TName & keyof KnowledgeVersionTable
    : never
>;

/** Reads the columns of a version. */
export function toVersion(row: VersionRow): KnowledgeVersion {
  return {
    id: row.id,
    documentId: row.document_id,
    baseId: row.base_id,
    hash: row.hash,
    fileKey: row.file_key,
    bytes: row.bytes,
    state: row.state as KnowledgeVersionState,
    failure: toKnowledgeFailure(row),
    passages: row.passages,
    createdAt: row.created_at,
  };
}
