import { sql, type Kysely, type UpdateObject } from "kysely";
import type { Database } from "../database.ts";
import { createJobLeases } from "./job-leases.ts";
import { toKnowledgeJob, type KnowledgeFailure, type KnowledgeJob } from "./knowledge-row.ts";
import type { KnowledgeJobTable } from "./knowledge-table.ts";

/** What is to be done with bases, and by whom. */
export type KnowledgeJobRepository = ReturnType<typeof createKnowledgeJobRepository>;

/** A job that is new; it waits. */
export type NewKnowledgeJob = Pick<KnowledgeJob, "id" | "kind" | "baseId" | "createdAt"> & {
  readonly documentId?: string | null | undefined;
  readonly versionId?: string | null | undefined;
  readonly spaceId?: number | null | undefined;
};

/** Creates the repository over a connection or a transaction. */
export function createKnowledgeJobRepository(db: Kysely<Database>) {
  /** Changes a job, as long as this owner has it. */
  async function updateHeld(
    id: string,
    owner: string,
    change: UpdateObject<Database, "knowledge_jobs">,
  ): Promise<boolean> {
    const result = await db
      .updateTable("knowledge_jobs")
      .set(change)
      .where("id", "=", id)
      .where("owner", "=", owner)
      .where("state", "=", sql.lit("running"))
      .executeTakeFirstOrThrow();
    return result.numUpdatedRows === 1n;
  }

  return {
    ...createJobLeases(db),

    async insert(job: NewKnowledgeJob): Promise<void> {
      const row: Pick<KnowledgeJobTable, "kind" | "state" | "next_at" | "created_at"> = {
        kind: job.kind,
        state: "waiting",
        next_at: job.createdAt,
        created_at: job.createdAt,
      };
      await db
        .insertInto("knowledge_jobs")
        .values({
          ...row,
          id: job.id,
          base_id: job.baseId,
          document_id: job.documentId ?? null,
          version_id: job.versionId ?? null,
          space_id: job.spaceId ?? null,
          total: null,
          owner: null,
          leased_until: null,
          error_code: null,
          error_message: null,
          ended_at: null,
        })
        .execute();
    },

    async find(id: string): Promise<KnowledgeJob | undefined> {
      const row = await db.selectFrom("knowledge_jobs").selectAll().where("id", "=", id).executeTakeFirst();
      return row && toKnowledgeJob(row);
    },

    /** When the next job is due, in Unix milliseconds; undefined: none waits. */
    async findNextAt(): Promise<number | undefined> {
      const row = await db
        .selectFrom("knowledge_jobs")
        .select("next_at")
        .where("state", "=", sql.lit("waiting"))
        .orderBy("next_at")
        .limit(1)
        .executeTakeFirst();
      return row?.next_at;
    },

    /**
     * Notes how far a job is, and that its owner lives; false when it is no longer theirs, cancelled for one.
     *
     * @param given - `isAhead`: something was done that will not be done again; attempts are counted anew.
     */
    async progress(
      id: string,
      owner: string,
      given: {
        readonly done: number;
        readonly total: number | null;
        readonly leasedUntil: number;
        readonly isAhead?: boolean | undefined;
      },
    ): Promise<boolean> {
      const { done, total, leasedUntil: leased_until, isAhead = false } = given;
      return updateHeld(id, owner, { done, total, leased_until, ...(isAhead && { attempts: 1 }) });
    },

    /**
     * Ends a job, well or with a failure; false when it is no longer this owner's.
     *
     * @param ending - `notice`: what it could not do although it is done.
     */
    async finish(
      id: string,
      owner: string,
      ending: {
        readonly at: number;
        readonly failure?: KnowledgeFailure | undefined;
        readonly notice?: KnowledgeFailure | undefined;
      },
    ): Promise<boolean> {
      const { at, failure, notice } = ending;
      return updateHeld(id, owner, {
        state: failure === undefined ? "done" : "failed",
        error_code: (failure ?? notice)?.code ?? null,
        error_message: (failure ?? notice)?.message ?? null,
        owner: null,
        leased_until: null,
        ended_at: at,
      });
    },

    /** Puts a job back, to be tried again not before a time; false when it is no longer this owner's. */
    async retryAt(
      id: string,
      owner: string,
      next: { readonly at: number; readonly failure: KnowledgeFailure },
    ): Promise<boolean> {
      return updateHeld(id, owner, {
        state: "waiting",
        next_at: next.at,
        error_code: next.failure.code,
        error_message: next.failure.message,
        owner: null,
        leased_until: null,
      });
    },

    /** Ends a job that has not ended; false when it has. Who works on it learns of it with the next `progress`. */
    async cancel(id: string, now: number): Promise<boolean> {
      const result = await db
        .updateTable("knowledge_jobs")
        .set({ state: "cancelled", ended_at: now, owner: null, leased_until: null })
        .where("id", "=", id)
        .where("state", "in", ["waiting", "running"])
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },

    /** Ends all jobs of a base that have not ended. */
    async cancelOfBase(baseId: string, now: number): Promise<void> {
      await db
        .updateTable("knowledge_jobs")
        .set({ state: "cancelled", ended_at: now, owner: null, leased_until: null })
        .where("base_id", "=", baseId)
        .where(sql<boolean>`state in ('waiting', 'running')`)
        .execute();
    },

    /** The jobs of bases that have not ended, oldest first; all of them, or so many. */
    async listOpen(baseIds: readonly string[], limit?: number): Promise<KnowledgeJob[]> {
      if (baseIds.length === 0) return [];
      const rows = await db
        .selectFrom("knowledge_jobs")
        .selectAll()
        .where("base_id", "in", baseIds)
        .where(sql<boolean>`state in ('waiting', 'running')`)
        .orderBy("id")
        .$if(limit !== undefined, (query) => query.limit(limit as number))
        .execute();
      return rows.map(toKnowledgeJob);
    },

    /** A page of a base's jobs, newest first, from below a cursor. */
    async listOfBase(
      baseId: string,
      page: { readonly before?: string | undefined; readonly limit: number },
    ): Promise<KnowledgeJob[]> {
      let query = db.selectFrom("knowledge_jobs").selectAll().where("base_id", "=", baseId);
      if (page.before !== undefined) query = query.where("id", "<", page.before);
      const rows = await query.orderBy("id", "desc").limit(page.limit).execute();
      return rows.map(toKnowledgeJob);
    },

    /** The job that was made last for a document. */
    async findOfDocument(documentId: string): Promise<KnowledgeJob | undefined> {
      const row = await db
        .selectFrom("knowledge_jobs")
        .selectAll()
        .where("document_id", "=", documentId)
        .orderBy("id", "desc")
        .limit(1)
        .executeTakeFirst();
      return row && toKnowledgeJob(row);
    },

    /** Removes jobs that ended before a time, at most `limit`. @returns how many. */
    async deleteEnded(before: number, limit: number): Promise<number> {
      const ended = db.selectFrom("knowledge_jobs").select("id").where("ended_at", "<", before).limit(limit);
      const result = await db.deleteFrom("knowledge_jobs").where("id", "in", ended).executeTakeFirstOrThrow();
      return Number(result.numDeletedRows);
    },
  };
}
