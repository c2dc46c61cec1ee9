import { sql, type Kysely } from "kysely";

/** What is to be done with bases in the background, by whichever process takes it first. */
export async function createKnowledgeJobs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("knowledge_jobs")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("kind", "text", (column) => column.notNull().check(sql`kind in ('ingest', 're-embed')`))
    .addColumn("base_id", "text", (column) =>
      column.notNull().references("knowledge_bases.id").onDelete("cascade"),
    )
    .addColumn("document_id", "text", (column) =>
      column.references("knowledge_documents.id").onDelete("cascade"),
    )
    .addColumn("version_id", "text")
    .addColumn("space_id", "integer")
    .addColumn("state", "text", (column) =>
      column.notNull().check(sql`state in ('waiting', 'running', 'done', 'failed', 'cancelled')`),
    )
    .addColumn("done", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("total", "integer")
    .addColumn("attempts", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("next_at", "bigint", (column) => column.notNull())
    .addColumn("owner", "text")
    .addColumn("leased_until", "bigint")
    .addColumn("error_code", "text")
    .addColumn("error_message", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .execute();
  await db.schema
    .createIndex("knowledge_jobs_base")
    .on("knowledge_jobs")
    .columns(["base_id", "id"])
    .execute();
  await db.schema.createIndex("knowledge_jobs_document").on("knowledge_jobs").column("document_id").execute();
  await sql`create index knowledge_jobs_waiting on knowledge_jobs (next_at) where state = 'waiting'`.execute(
    db,
  );
  await sql`
    create index knowledge_jobs_waiting_base on knowledge_jobs (base_id, next_at) where state = 'waiting'
  `.execute(db);
  await sql`create index knowledge_jobs_running on knowledge_jobs (owner) where state = 'running'`.execute(
    db,
  );
  await sql`create index knowledge_jobs_ended on knowledge_jobs (ended_at) where ended_at is not null`.execute(
    db,
  );
  await sql`
    create index knowledge_jobs_open on knowledge_jobs (base_id, id) where state in ('waiting', 'running')
  `.execute(db);
}
