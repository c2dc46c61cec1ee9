import { sql, SqliteAdapter, type ColumnDefinitionBuilder, type Kysely } from "kysely";

/**
 * What was asked under /v1 and of chat, each attempt, and bodies apart from them. Nothing here refers to other tables
 * by a foreign key: records outlive keys, users and conversations, and are written where every lookup counts.
 */
export async function createRecords(db: Kysely<unknown>): Promise<void> {
  await createRequestRecords(db);
  await createIndexes(db);
  await createParts(db);
}

async function createRequestRecords(db: Kysely<unknown>): Promise<void> {
  const isSqlite = db.getExecutor().adapter instanceof SqliteAdapter;
  // The order of writing, in which records are followed: a number is never given twice, even when its row is gone.
  const toSequence = (column: ColumnDefinitionBuilder) =>
    isSqlite ? column.primaryKey().autoIncrement() : column.primaryKey().generatedByDefaultAsIdentity();
  await db.schema
    .createTable("request_records")
    .addColumn("seq", isSqlite ? "integer" : "bigint", toSequence)
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("client_ip", "text")
    .addColumn("host", "text")
    .addColumn("method", "text")
    .addColumn("path", "text")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("model", "text")
    .addColumn("model_answered", "text")
    .addColumn("upstream", "text")
    .addColumn("upstream_id", "text")
    .addColumn("status", "integer", (column) => column.notNull())
    .addColumn("status_class", "integer", (column) => column.notNull())
    .addColumn("user_agent", "text")
    .addColumn("streamed", "integer", (column) => column.notNull())
    .addColumn("finish_reason", "text")
    .addColumn("prompt_tokens", "bigint")
    .addColumn("completion_tokens", "bigint")
    .addColumn("reasoning_tokens", "bigint")
    .addColumn("cached_tokens", "bigint")
    .addColumn("usage_source", "text", (column) => column.notNull())
    .addColumn("cost_nanos", "bigint")
    .addColumn("first_byte_ms", "bigint")
    .addColumn("elapsed_ms", "bigint", (column) => column.notNull())
    .addColumn("error_code", "text")
    .addColumn("error_message", "text")
    .addColumn("key_id", "text")
    .addColumn("key_name", "text")
    .addColumn("user_id", "bigint")
    .addColumn("run_id", "text")
    .addColumn("message_id", "text")
    .addColumn("attempt_count", "integer", (column) => column.notNull())
    .addColumn("request_bytes", "bigint")
    .addColumn("answer_chars", "bigint")
    .execute();
}

/** Every index ends with the id, so that a page of any one filter is read in its order, and costs what it returns. */
async function createIndexes(db: Kysely<unknown>): Promise<void> {
  await db.schema.createIndex("request_records_id").on("request_records").column("id").unique().execute();
  await db.schema
    .createIndex("request_records_model")
    .on("request_records")
    .columns(["model", "id"])
    .execute();
  // The rest leaves out what most records do not have: an index that a row is not in costs it nothing.
  await sql`
    create index request_records_upstream on request_records (upstream, id) where upstream is not null
  `.execute(db);
  await sql`
    create index request_records_key on request_records (key_id, id) where key_id is not null
  `.execute(db);
  await sql`
    create index request_records_user on request_records (user_id, id) where user_id is not null
  `.execute(db);
  await sql`
    create index request_records_status on request_records (status_class, id) where status_class >= 4
  `.execute(db);
  await sql`
    create index request_records_failed on request_records (id) where error_code is not null
  `.execute(db);
}

async function createParts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("record_attempts")
    .addColumn("record_id", "text", (column) => column.notNull())
    .addColumn("position", "integer", (column) => column.notNull())
    .addColumn("upstream", "text", (column) => column.notNull())
    .addColumn("upstream_id", "text", (column) => column.notNull())
    .addColumn("key_last4", "text")
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("outcome", "text", (column) => column.notNull())
    .addColumn("status", "integer")
    .addColumn("message", "text")
    .addColumn("connect_ms", "bigint")
    .addColumn("first_byte_ms", "bigint")
    .addColumn("first_token_ms", "bigint")
    .addColumn("total_ms", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("record_attempts_key", ["record_id", "position"])
    .execute();

  await db.schema
    .createTable("record_bodies")
    .addColumn("record_id", "text", (column) => column.primaryKey().notNull())
    // Before the texts, so that adding up sizes reads none of them.
    .addColumn("bytes", "bigint", (column) => column.notNull())
    .addColumn("request", "text")
    .addColumn("answer", "text")
    .execute();

  // One row: what counting would have to read everything for.
  await db.schema
    .createTable("record_totals")
    .addColumn("id", "integer", (column) => column.primaryKey())
    .addColumn("records", "bigint", (column) => column.notNull())
    .addColumn("body_bytes", "bigint", (column) => column.notNull())
    .execute();
  await sql`insert into record_totals (id, records, body_bytes) values (1, 0, 0)`.execute(db);
}
