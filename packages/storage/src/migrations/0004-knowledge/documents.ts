import { sql, type Kysely } from "kysely";

/** Documents by their names, and the contents that they had. */
export async function createDocuments(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("knowledge_documents")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("base_id", "text", (column) =>
      column.notNull().references("knowledge_bases.id").onDelete("cascade"),
    )
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    // The one that is found, and the one that came last: two numbers of `knowledge_versions`.
    .addColumn("current_version", "integer")
    .addColumn("newest_version", "integer")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("removed_at", "bigint")
    .execute();
  await db.schema
    .createIndex("knowledge_documents_base")
    .on("knowledge_documents")
    .columns(["base_id", "id"])
    .execute();
  await sql`
    create unique index knowledge_documents_name on knowledge_documents (base_id, name) where removed_at is null
  `.execute(db);
  await createVersions(db);
}

async function createVersions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("knowledge_versions")
    // What passages name it by. No number is given twice: who searches keeps vectors by it.
    .addColumn("number", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("id", "text", (column) => column.notNull().unique())
    .addColumn("document_id", "text", (column) =>
      column.notNull().references("knowledge_documents.id").onDelete("cascade"),
    )
    .addColumn("base_id", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("file_key", "text", (column) => column.notNull().unique())
    .addColumn("bytes", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) =>
      column
        .notNull()
        .check(sql`state in ('waiting', 'reading', 'embedding', 'ready', 'failed', 'cancelled', 'replaced')`),
    )
    .addColumn("error_code", "text")
    .addColumn("error_message", "text")
    .addColumn("passages", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .execute();
  await db.schema
    .createIndex("knowledge_versions_document")
    .on("knowledge_versions")
    .column("document_id")
    .execute();
  await db.schema
    .createIndex("knowledge_versions_base")
    .on("knowledge_versions")
    .columns(["base_id", "number"])
    .execute();
  await sql`
    create index knowledge_versions_replaced on knowledge_versions (number) where state = 'replaced'
  `.execute(db);
  await sql`
    create index knowledge_versions_given_up on knowledge_versions (number)
    where state in ('failed', 'cancelled') and passages > 0
  `.execute(db);
}
