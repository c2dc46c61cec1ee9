import { sql, type Kysely, type RawBuilder } from "kysely";
import type { Database } from "../database.ts";

/** A content that has to be removed. */
export type KnowledgeLeftover = {
  readonly id: string;
  readonly hash: string;
  readonly fileKey: string;
  /** Whether all of it is to go, and not only its passages: it may still be tried again. */
  readonly isGone: boolean;
};

/** Creates the part of the repository of documents that removes contents, a bit at a time. */
export function createLeftoverQueries(db: Kysely<Database>) {
  return {
    /** Contents of which something is to be removed: first their passages, with `deletePassages`. */
    async listLeftovers(limit: number): Promise<KnowledgeLeftover[]> {
      // Written as the indexes have it: one for each half.
      const { rows } = await sql<{ id: string; hash: string; file_key: string; state: string }>`
        select id, hash, file_key, state from knowledge_versions where state = 'replaced'
        union all
        select id, hash, file_key, state from knowledge_versions
        where state in ('failed', 'cancelled') and passages > 0
        limit ${limit}
      `.execute(db);
      return rows.map(({ id, hash, file_key: fileKey, state }) => ({
        id,
        hash,
        fileKey,
        isGone: state === "replaced",
      }));
    },

    /**
     * Removes passages of a content that is not worked on and not found, at most `limit`, with their words and vectors. One
     * that is tried again meanwhile keeps what it has. @returns how many.
     */
    deletePassages: (versionId: string, limit: number): Promise<number> =>
      removePassages(db, { versionId, limit, states: sql`'failed', 'cancelled', 'replaced'` }),

    /** The same for a content that is worked on, and begins anew. */
    clearPassages: (versionId: string, limit: number): Promise<number> =>
      removePassages(db, { versionId, limit, states: sql`'waiting', 'reading'` }),

    /**
     * Removes a content that is to be removed and has no passages any more, and with the last one the document that was
     * removed. Its file is the caller's. False while there are passages, or where it is wanted.
     */
    async deleteVersion(id: string): Promise<boolean> {
      const { rows } = await sql<{ document_id: string }>`
        delete from knowledge_versions where id = ${id} and state = 'replaced'
          and not exists (select 1 from knowledge_passages where version = knowledge_versions.number)
        returning document_id
      `.execute(db);
      const [row] = rows;
      if (row === undefined) return false;
      await sql`
        delete from knowledge_documents where id = ${row.document_id} and removed_at is not null
          and not exists (select 1 from knowledge_versions where document_id = knowledge_documents.id)
      `.execute(db);
      return true;
    },
  };
}

async function removePassages(
  db: Kysely<Database>,
  given: { versionId: string; limit: number; states: RawBuilder<unknown> },
): Promise<number> {
  const { versionId, limit, states } = given;
  const some = sql`
    select passage.id from knowledge_versions as version
    join knowledge_passages as passage on passage.version = version.number
    where version.id = ${versionId} and version.state in (${states}) limit ${limit}
  `;
  const result = await sql`delete from knowledge_passages where id in (${some})`.execute(db);
  const removed = Number(result.numAffectedRows ?? 0n);
  await sql`
    update knowledge_versions set passages = max(0, passages - ${removed}) where id = ${versionId}
  `.execute(db);
  return removed;
}
