import { sql, type Kysely } from "kysely";

/** Where several processes serve, each start of an answer asks who is answering in its conversation. */
export async function createOwners(db: Kysely<unknown>): Promise<void> {
  await sql`create index runs_answering on runs (conversation_id, owner) where state = 'streaming'`.execute(
    db,
  );
}
