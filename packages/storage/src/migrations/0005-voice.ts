import type { Kysely } from "kysely";

/** What is remembered of conversations that voice engines hold, and what records tell of their calls. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // JSON: what the engine sent beside OpenAI's fields, and what was done for the call here.
  await db.schema.alterTable("request_records").addColumn("voice", "text").execute();
  await db.schema
    .createTable("voice_memories")
    // A hash of who called, and of the context that the engine named.
    .addColumn("id", "text", (column) => column.notNull().primaryKey())
    .addColumn("user_id", "bigint", (column) => column.references("users.id").onDelete("cascade"))
    // JSON: the turns, oldest first.
    .addColumn("turns", "text", (column) => column.notNull())
    .addColumn("updated_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("voice_memories_updated").on("voice_memories").column("updated_at").execute();
  await db.schema.createIndex("voice_memories_user").on("voice_memories").column("user_id").execute();
}
