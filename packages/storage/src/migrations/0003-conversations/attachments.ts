import type { Kysely } from "kysely";

/** Files that belong to messages, stored once by their content. */
export async function createAttachments(_db: Kysely<unknown>): Promise<void> {}
