import type { Kysely } from "kysely";

/** The calls of tools of answers that no run tells of: those of forks, and those that were imported. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // JSON of the contract's `ToolCallView`s.
  await db.schema.alterTable("messages").addColumn("tool_calls", "text").execute();
}
