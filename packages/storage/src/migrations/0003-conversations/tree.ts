import type { Kysely } from "kysely";

/** What the tree of a conversation's messages needs beyond the foundation. */
export async function createTree(_db: Kysely<unknown>): Promise<void> {}
