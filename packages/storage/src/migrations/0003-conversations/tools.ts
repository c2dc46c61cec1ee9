import type { Kysely } from "kysely";

/** Tools that a conversation's model may call, and who allowed it. */
export async function createTools(db: Kysely<unknown>): Promise<void> {
  // JSON of the contract's `ToolsSetting`; null: no tools.
  await db.schema.alterTable("conversations").addColumn("tools", "text").execute();
  await db.schema
    .createTable("tool_grants")
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("tool", "text", (column) => column.notNull())
    .addColumn("permission", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("tool_grants_key", ["user_id", "tool"])
    .execute();
  await createToolCalls(db);
}

/** The ledger of calls. A line outlives what it was for; of a user who is gone it does not tell. */
async function createToolCalls(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("tool_calls")
    .addColumn("run_id", "text", (column) => column.notNull())
    .addColumn("call_id", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("user_id", "bigint", (column) => column.references("users.id").onDelete("set null"))
    .addColumn("tool", "text", (column) => column.notNull())
    .addColumn("ms", "integer", (column) => column.notNull())
    .addColumn("ok", "integer", (column) => column.notNull())
    .addColumn("failure", "text")
    .addPrimaryKeyConstraint("tool_calls_key", ["run_id", "call_id"])
    .execute();
  await db.schema.createIndex("tool_calls_at").on("tool_calls").column("at").execute();
  await db.schema.createIndex("tool_calls_user").on("tool_calls").columns(["user_id", "at"]).execute();
}
