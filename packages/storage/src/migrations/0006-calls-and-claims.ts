import type { Kysely } from "kysely";

/** Calls of tools that no run tells of, and which process has a chat that is stored nowhere. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // JSON of the contract's `ToolCallView`s: of forks, and of what was imported.
  await db.schema.alterTable("messages").addColumn("tool_calls", "text").execute();
  await db.schema
    .createTable("temporary_claims")
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("request_hash", "text", (column) => column.notNull())
    .addColumn("run_id", "text", (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("temporary_claims_key", ["user_id", "request_hash"])
    .execute();
  await db.schema.createIndex("temporary_claims_time").on("temporary_claims").column("created_at").execute();
}
