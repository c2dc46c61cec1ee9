import { sql, SqliteAdapter, type Kysely } from "kysely";

/** Users, logins, conversations with their messages, runs with their journal, upstreams, settings. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createUsers(db);
  await createConversations(db);
  await createRuns(db);
  await createUpstreams(db);
}

/** SQLite keeps rows by a key that is called `integer`, and by no other; elsewhere an integer has 32 bits. */
function wholeId(db: Kysely<unknown>): "integer" | "bigint" {
  return db.getExecutor().adapter instanceof SqliteAdapter ? "integer" : "bigint";
}

async function createUsers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("users")
    .addColumn("id", wholeId(db), (column) => column.primaryKey())
    .addColumn("username", "text", (column) => column.notNull())
    .addColumn("username_key", "text", (column) => column.notNull().unique())
    .addColumn("password_hash", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull().check(sql`role in ('user', 'admin')`))
    .addColumn("status", "text", (column) => column.notNull().check(sql`status in ('active', 'disabled')`))
    .addColumn("tokens_valid_from", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();

  await db.schema
    .createTable("sessions")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("kind", "text", (column) =>
      column.notNull().check(sql`kind in ('fixed', 'rotating', 'adopted')`),
    )
    .addColumn("address", "text")
    .addColumn("refresh_generation", "integer", (column) => column.notNull())
    .addColumn("refreshed_at", "bigint")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("revoked_at", "bigint")
    .execute();
  await db.schema.createIndex("sessions_user").on("sessions").columns(["user_id", "address"]).execute();
  await db.schema.createIndex("sessions_expiry").on("sessions").column("expires_at").execute();
}

async function createConversations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("conversations")
    .addColumn("id", wholeId(db), (column) => column.primaryKey())
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("title", "text", (column) => column.notNull())
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("api_key_sealed", "text")
    .addColumn("system_prompt", "text")
    .addColumn("head_message_id", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("conversations_user").on("conversations").columns(["user_id", "id"]).execute();

  await db.schema
    .createTable("messages")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("conversation_id", "bigint", (column) =>
      column.notNull().references("conversations.id").onDelete("cascade"),
    )
    // Without a cascade: SQLite would go down a branch one trigger inside another, and gives up at a depth of 1,000.
    // Messages are only ever removed together with their whole conversation.
    .addColumn("parent_id", "text", (column) => column.references("messages.id"))
    .addColumn("role", "text", (column) => column.notNull().check(sql`role in ('user', 'assistant')`))
    .addColumn("content", "text", (column) => column.notNull())
    .addColumn("reasoning", "text")
    .addColumn("model", "text")
    .addColumn("finish_reason", "text")
    .addColumn("usage", "text")
    .addColumn("run_id", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("messages_conversation")
    .on("messages")
    .columns(["conversation_id", "parent_id", "id"])
    .execute();
  // The parent is a foreign key: without its own index, every delete would read the whole table.
  await db.schema.createIndex("messages_parent").on("messages").column("parent_id").execute();
}

async function createRuns(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("runs")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("request_id", "text", (column) => column.notNull())
    .addColumn("input_hash", "text", (column) => column.notNull())
    .addColumn("conversation_id", "bigint", (column) =>
      column.notNull().references("conversations.id").onDelete("cascade"),
    )
    .addColumn("user_message_id", "text")
    .addColumn("assistant_message_id", "text", (column) => column.notNull())
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) =>
      column.notNull().check(sql`state in ('streaming', 'done', 'stopped', 'interrupted', 'failed')`),
    )
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("error_code", "text")
    .addColumn("error_message", "text")
    .addColumn("log", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .execute();
  await db.schema
    .createIndex("runs_request")
    .on("runs")
    .columns(["user_id", "request_id"])
    .unique()
    .execute();
  await db.schema.createIndex("runs_conversation").on("runs").columns(["conversation_id", "id"]).execute();
  await sql`create index runs_streaming on runs (id) where state = 'streaming'`.execute(db);

  await db.schema
    .createTable("run_segments")
    .addColumn("run_id", "text", (column) => column.notNull().references("runs.id").onDelete("cascade"))
    .addColumn("start", "bigint", (column) => column.notNull())
    .addColumn("events", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("run_segments_key", ["run_id", "start"])
    .execute();
}

async function createUpstreams(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("upstreams")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("source", "text", (column) => column.notNull())
    .addColumn("endpoint", "text", (column) => column.notNull())
    .addColumn("key_sealed", "text")
    .addColumn("models", "text", (column) => column.notNull())
    .addColumn("aliases", "text", (column) => column.notNull())
    .addColumn("clocks", "text")
    .addColumn("position", "integer", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .execute();

  await db.schema
    .createTable("settings")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("value", "text", (column) => column.notNull())
    .execute();
}
