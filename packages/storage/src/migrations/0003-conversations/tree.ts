import type { Kysely } from "kysely";

/** What the tree of a conversation's messages needs beyond the foundation. */
export async function createTree(db: Kysely<unknown>): Promise<void> {
  // Which answer a run goes on with, and what becomes of it when nobody follows it any more (JSON; null: it goes on).
  await db.schema.alterTable("runs").addColumn("continued_message_id", "text").execute();
  await db.schema.alterTable("runs").addColumn("on_disconnect", "text").execute();
  await createChosenVersions(db);
  await createForks(db);
}

/** Below a message without a row here, the newest version is the one that is shown. */
async function createChosenVersions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("chosen_versions")
    .addColumn("parent_id", "text", (column) =>
      column.primaryKey().references("messages.id").onDelete("cascade"),
    )
    .addColumn("message_id", "text", (column) => column.notNull())
    .execute();
}

/** The request ids that forks were made with, so that the same one again finds its fork. */
async function createForks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("forks")
    .addColumn("user_id", "bigint", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("request_id", "text", (column) => column.notNull())
    .addColumn("input_hash", "text", (column) => column.notNull())
    .addColumn("conversation_id", "bigint", (column) =>
      column.notNull().references("conversations.id").onDelete("cascade"),
    )
    .addPrimaryKeyConstraint("forks_key", ["user_id", "request_id"])
    .execute();
  await db.schema.createIndex("forks_conversation").on("forks").column("conversation_id").execute();
}
