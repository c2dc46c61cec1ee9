import type { Migration } from "kysely/migration";
import { up as foundation } from "./0001-foundation.ts";
import { up as gateway } from "./0002-gateway.ts";
import { up as conversations } from "./0003-conversations.ts";

/** Every step of the schema, in order. A step that has been released is never changed, only followed by another. */
export const allMigrations: Readonly<Record<string, Migration>> = {
  "0001-foundation": { up: foundation },
  "0002-gateway": { up: gateway },
  "0003-conversations": { up: conversations },
};
