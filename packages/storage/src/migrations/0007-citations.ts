import type { Kysely } from "kysely";

/** What conversations look their questions up in, and what their answers were given to read. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // JSON of a list of ids; null: nothing is looked up.
  await db.schema.alterTable("conversations").addColumn("knowledge_base_ids", "text").execute();
  // How many passages; null: as many as the configuration says.
  await db.schema.alterTable("conversations").addColumn("top_k", "integer").execute();
  // JSON of the contract's `Citation`s; null: nothing was given.
  await db.schema.alterTable("messages").addColumn("citations", "text").execute();
}
