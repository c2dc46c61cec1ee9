import type { Kysely } from "kysely";

/** What an upstream is told of: several keys, policies, counters. */
export async function createUpstreams(_db: Kysely<unknown>): Promise<void> {}
