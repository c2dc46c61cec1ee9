import { DomainError } from "@llm-backend/contract";
import type { Kysely } from "kysely";
import type { Database } from "../database.ts";
import type { KnowledgeVector } from "./knowledge-row.ts";

/**
 * Makes sure that vectors have as many numbers as the others of their space; the first ones decide.
 *
 * @throws DomainError `conflict` when they have not, or the space is gone.
 */
export async function claimDims(
  db: Kysely<Database>,
  given: { readonly spaceId: number; readonly vectors: readonly KnowledgeVector[] },
): Promise<void> {
  const { spaceId, vectors } = given;
  const space = await db
    .selectFrom("knowledge_spaces")
    .select("dims")
    .where("id", "=", spaceId)
    .executeTakeFirst();
  if (space === undefined) throw new DomainError("conflict", "These vectors are no longer wanted.");
  const dims = space.dims ?? vectors[0]?.vector.length ?? 0;
  const other = vectors.find(({ vector }) => vector.length !== dims || dims === 0);
  if (other !== undefined) {
    throw new DomainError(
      "conflict",
      `The embedding model gave vectors of ${other.vector.length} numbers, and before of ${dims}.`,
    );
  }
  if (space.dims !== null) return;
  await db.updateTable("knowledge_spaces").set({ dims }).where("id", "=", spaceId).execute();
}
