import type { Kysely } from "kysely";

/** What was asked under /v1 and of chat, each attempt, and bodies apart from them. */
export async function createRecords(_db: Kysely<unknown>): Promise<void> {}
