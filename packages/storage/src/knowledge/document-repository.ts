import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import { createHoldingQueries } from "./holding-queries.ts";
import type { KnowledgeDocument } from "./knowledge-row.ts";
import { createVersionQueries, toVersion, versionColumns } from "./version-queries.ts";

/** Documents of bases, and the contents that they have and had. */
export type DocumentRepository = ReturnType<typeof createDocumentRepository>;

/** A document that is new. */
export type NewKnowledgeDocument = Pick<KnowledgeDocument, "id" | "baseId" | "name" | "kind" | "createdAt">;

/** Creates the repository over a connection or a transaction. */
export function createDocumentRepository(db: Kysely<Database>) {
  return {
    ...createVersionQueries(db),
    ...createHoldingQueries(db),

    /**
     * Adds a document without content: to be followed by `insertVersion` in the same transaction. False when the base has
     * one of this name, or is gone.
     */
    async insert({ id, baseId, name, kind, createdAt }: NewKnowledgeDocument): Promise<boolean> {
      const result = await sql`
        insert into knowledge_documents (id, base_id, name, kind, created_at)
        select ${id}, base.id, ${name}, ${kind}, cast(${createdAt} as bigint) from knowledge_bases as base
        where base.id = ${baseId} and base.removed_at is null
        on conflict do nothing
      `.execute(db);
      return result.numAffectedRows === 1n;
    },

    /** A document; undefined when it was removed. */
    async find(id: string): Promise<KnowledgeDocument | undefined> {
      const row = await selectDocuments(db).where("document.id", "=", id).executeTakeFirst();
      return row && toDocument(row);
    },

    /** The document of a base that has this name. */
    async findByName(baseId: string, name: string): Promise<KnowledgeDocument | undefined> {
      const row = await selectDocuments(db)
        .where("document.base_id", "=", baseId)
        .where("document.name", "=", name)
        .executeTakeFirst();
      return row && toDocument(row);
    },

    /** A page of a base's documents, newest first, from below a cursor. */
    async list(
      baseId: string,
      page: { before?: string | undefined; limit: number },
    ): Promise<KnowledgeDocument[]> {
      let query = selectDocuments(db).where("document.base_id", "=", baseId);
      if (page.before !== undefined) query = query.where("document.id", "<", page.before);
      const rows = await query.orderBy("document.id", "desc").limit(page.limit).execute();
      return rows.map(toDocument);
    },

    /** Notes that a document is now of another kind: its new content is read so. */
    async setKind(id: string, kind: string): Promise<void> {
      await db.updateTable("knowledge_documents").set({ kind }).where("id", "=", id).execute();
    },

    /**
     * Removes a document: nothing of it is found from here on, and what is done with it is cancelled. Its contents are
     * among `listLeftovers`. False when it is gone.
     */
    async delete(id: string, now: number): Promise<boolean> {
      const removed = await db
        .updateTable("knowledge_documents")
        .set({ removed_at: now, current_version: null })
        .where("id", "=", id)
        .where("removed_at", "is", null)
        .returning("base_id")
        .executeTakeFirst();
      if (removed === undefined) return false;
      await giveUp(db, [id], now);
      await db
        .updateTable("knowledge_bases")
        .set({ revision: sql<number>`revision + 1` })
        .where("id", "=", removed.base_id)
        .execute();
      return true;
    },

    /** Removes documents of a base, as `delete` does, at most `limit`. @returns how many there were. */
    async deleteSome(baseId: string, limit: number, now: number): Promise<number> {
      const rows = await db
        .selectFrom("knowledge_documents")
        .select("id")
        .where("base_id", "=", baseId)
        .where("removed_at", "is", null)
        .limit(limit)
        .execute();
      if (rows.length === 0) return 0;
      const ids = rows.map(({ id }) => id);
      await db
        .updateTable("knowledge_documents")
        .set({ removed_at: now, current_version: null })
        .where("id", "in", ids)
        .execute();
      await giveUp(db, ids, now);
      await db
        .updateTable("knowledge_bases")
        .set({ revision: sql<number>`revision + 1` })
        .where("id", "=", baseId)
        .execute();
      return ids.length;
    },
  };
}

/** Ends what is done with documents, and marks their contents as to be removed. */
async function giveUp(db: Kysely<Database>, documentIds: readonly string[], now: number): Promise<void> {
  await db
    .updateTable("knowledge_versions")
    .set({ state: "replaced" })
    .where("document_id", "in", documentIds)
    .execute();
  await db
    .updateTable("knowledge_jobs")
    .set({ state: "cancelled", ended_at: now, owner: null })
    .where("document_id", "in", documentIds)
    .where("state", "in", ["waiting", "running"])
    .execute();
}

function selectDocuments(db: Kysely<Database>) {
  return db
    .selectFrom("knowledge_documents as document")
    .innerJoin("knowledge_versions as version", "version.number", "document.newest_version")
    .select([
      "document.id as own_id",
      "document.name",
      "document.kind",
      "document.current_version",
      "document.created_at as own_created_at",
      ...versionColumns,
    ])
    .where("document.removed_at", "is", null);
}

type DocumentRow = Awaited<ReturnType<ReturnType<typeof selectDocuments>["execute"]>>[number];

function toDocument(row: DocumentRow): KnowledgeDocument {
  return {
    id: row.own_id,
    baseId: row.base_id,
    name: row.name,
    kind: row.kind,
    isSearchable: row.current_version !== null,
    newest: toVersion(row),
    createdAt: row.own_created_at,
  };
}
