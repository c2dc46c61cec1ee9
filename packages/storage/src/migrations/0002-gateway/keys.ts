import type { Kysely } from "kysely";

/** Keys of ours, what they have spent, what a token costs, and the ledger. */
export async function createKeys(_db: Kysely<unknown>): Promise<void> {}
