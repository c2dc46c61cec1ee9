import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";

/** What a user has in bases of their own. */
export type KnowledgeHoldings = {
  readonly bases: number;
  readonly documents: number;
  /** Of the newest contents of the documents. */
  readonly bytes: number;
  /** Of the same. */
  readonly passages: number;
};

/** Creates the part of the repository of documents that counts what users have. */
export function createHoldingQueries(db: Kysely<Database>) {
  return {
    async measure(userId: number): Promise<KnowledgeHoldings> {
      const { rows } = await sql<KnowledgeHoldings>`
        select count(distinct base.id) as bases, count(document.id) as documents,
          coalesce(sum(version.bytes), 0) as bytes, coalesce(sum(version.passages), 0) as passages
        from knowledge_bases as base
        left join knowledge_documents as document
          on document.base_id = base.id and document.removed_at is null
        left join knowledge_versions as version on version.number = document.newest_version
        where base.user_id = ${userId} and base.removed_at is null
      `.execute(db);
      return rows[0] ?? { bases: 0, documents: 0, bytes: 0, passages: 0 };
    },
  };
}
