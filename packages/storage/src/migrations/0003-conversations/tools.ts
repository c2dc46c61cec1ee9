import type { Kysely } from "kysely";

/** Tools that a conversation's model may call, and who allowed it. */
export async function createTools(_db: Kysely<unknown>): Promise<void> {}
