import type { Kysely } from "kysely";
import { createAttachments } from "./0003-conversations/attachments.ts";
import { createOwners } from "./0003-conversations/owners.ts";
import { createShelf } from "./0003-conversations/shelf.ts";
import { createTools } from "./0003-conversations/tools.ts";
import { createTree } from "./0003-conversations/tree.ts";

/** What users expect of conversations beyond sending and reading. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTree(db);
  await createShelf(db);
  await createAttachments(db);
  await createTools(db);
  await createOwners(db);
}
