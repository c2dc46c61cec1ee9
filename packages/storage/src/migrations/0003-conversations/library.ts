import type { Kysely } from "kysely";

/** Finding, ordering and putting away conversations. */
export async function createLibrary(_db: Kysely<unknown>): Promise<void> {}
