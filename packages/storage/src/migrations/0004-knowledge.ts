import type { Kysely } from "kysely";
import { createBases } from "./0004-knowledge/bases.ts";
import { createDocuments } from "./0004-knowledge/documents.ts";
import { createKnowledgeJobs } from "./0004-knowledge/jobs.ts";
import { createPassages } from "./0004-knowledge/passages.ts";

/** Documents of users, cut into passages that are found by their words and by their meaning. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createBases(db);
  await createDocuments(db);
  await createPassages(db);
  await createKnowledgeJobs(db);
}
