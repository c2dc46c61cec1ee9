import type { Kysely } from "kysely";
import { createKeys } from "./0002-gateway/keys.ts";
import { createRecords } from "./0002-gateway/records.ts";
import { createUpstreams } from "./0002-gateway/upstreams.ts";

/** Everything that the gateway stores. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createUpstreams(db);
  await createKeys(db);
  await createRecords(db);
}
