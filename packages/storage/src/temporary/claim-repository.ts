import type { Kysely } from "kysely";
import type { Database } from "../database.ts";

/** Who answers requests that are stored nowhere, where several processes could. */
export type TemporaryClaimRepository = ReturnType<typeof createTemporaryClaimRepository>;

/** A request that a process has made its own. */
export type TemporaryClaim = {
  readonly userId: number;
  readonly requestHash: string;
  readonly runId: string;
  readonly owner: string;
  readonly createdAt: number;
};

/** Creates the repository over a connection or a transaction. */
export function createTemporaryClaimRepository(db: Kysely<Database>) {
  return {
    /** Claims a request, unless it is claimed. @returns the claim that stands. */
    async insertOrFind(claim: TemporaryClaim): Promise<TemporaryClaim> {
      const { userId, requestHash, runId, owner, createdAt } = claim;
      const row = { user_id: userId, request_hash: requestHash, run_id: runId, owner, created_at: createdAt };
      await db
        .insertInto("temporary_claims")
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const stored = await db
        .selectFrom("temporary_claims")
        .select(["run_id as runId", "owner", "created_at as createdAt"])
        .where("user_id", "=", userId)
        .where("request_hash", "=", requestHash)
        .executeTakeFirstOrThrow();
      return { userId, requestHash, ...stored };
    },

    /** Puts a claim in the place of one whose answer is gone; false when another process was faster. */
    async replace(claim: TemporaryClaim, goneRunId: string): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable("temporary_claims")
        .set({ run_id: claim.runId, owner: claim.owner, created_at: claim.createdAt })
        .where("user_id", "=", claim.userId)
        .where("request_hash", "=", claim.requestHash)
        .where("run_id", "=", goneRunId)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    /** Takes a claim back; one that was replaced stays. */
    async delete({ userId, requestHash, runId }: TemporaryClaim): Promise<void> {
      await db
        .deleteFrom("temporary_claims")
        .where("user_id", "=", userId)
        .where("request_hash", "=", requestHash)
        .where("run_id", "=", runId)
        .execute();
    },

    /** Removes the claims of processes that are gone, and their answers with them. */
    async deleteOrphans(livingOwners: readonly string[]): Promise<void> {
      await db
        .deleteFrom("temporary_claims")
        .$if(livingOwners.length > 0, (query) => query.where("owner", "not in", livingOwners))
        .execute();
    },

    /** Removes claims that were made before a time. */
    async deleteBefore(time: number): Promise<void> {
      await db.deleteFrom("temporary_claims").where("created_at", "<", time).execute();
    },
  };
}
