import type { Kysely } from "kysely";
import type { Database } from "../database.ts";
import { toRun, type Run, type RunSegment } from "./run-row.ts";

/** The rows of `runs` and of their journal. */
export type RunRepository = ReturnType<typeof createRunRepository>;

/** What the end of a run writes. */
export type RunEnding = {
  readonly state: Exclude<Run["state"], "streaming">;
  readonly model: string;
  readonly errorCode: Run["errorCode"];
  readonly errorMessage: string | null;
  readonly log: string;
  readonly endedAt: number;
};

/** Creates the repository over a connection or a transaction. */
export function createRunRepository(db: Kysely<Database>) {
  return {
    /** Adds a run; false when the user has one with this request id. */
    async insert(run: Run): Promise<boolean> {
      const result = await db
        .insertInto("runs")
        .values({
          id: run.id,
          user_id: run.userId,
          request_id: run.requestId,
          input_hash: run.inputHash,
          conversation_id: run.conversationId,
          user_message_id: run.userMessageId,
          assistant_message_id: run.assistantMessageId,
          model: run.model,
          state: run.state,
          owner: run.owner,
          error_code: run.errorCode,
          error_message: run.errorMessage,
          log: run.log,
          created_at: run.createdAt,
          ended_at: run.endedAt,
        })
        .onConflict((conflict) => conflict.columns(["user_id", "request_id"]).doNothing())
        .executeTakeFirstOrThrow();
      return result.numInsertedOrUpdatedRows === 1n;
    },

    async find(id: string, userId: number): Promise<Run | undefined> {
      const row = await db
        .selectFrom("runs")
        .selectAll()
        .where("id", "=", id)
        .where("user_id", "=", userId)
        .executeTakeFirst();
      return row && toRun(row);
    },

    async findByRequestId(requestId: string, userId: number): Promise<Run | undefined> {
      const row = await db
        .selectFrom("runs")
        .selectAll()
        .where("user_id", "=", userId)
        .where("request_id", "=", requestId)
        .executeTakeFirst();
      return row && toRun(row);
    },

    async listByIds(ids: readonly string[]): Promise<Run[]> {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom("runs").selectAll().where("id", "in", ids).execute();
      return rows.map(toRun);
    },

    /** Runs that no ending was written for and that another process drove, oldest first. */
    async listOrphaned(owner: string, page: { limit: number }): Promise<Run[]> {
      const rows = await db
        .selectFrom("runs")
        .selectAll()
        .where("state", "=", "streaming")
        .where("owner", "!=", owner)
        .orderBy("id")
        .limit(page.limit)
        .execute();
      return rows.map(toRun);
    },

    /** Ends a running run; false when it has ended already, or is gone. */
    async end(id: string, ending: RunEnding): Promise<boolean> {
      const result = await db
        .updateTable("runs")
        .set({
          state: ending.state,
          model: ending.model,
          error_code: ending.errorCode,
          error_message: ending.errorMessage,
          log: ending.log,
          ended_at: ending.endedAt,
        })
        .where("id", "=", id)
        .where("state", "=", "streaming")
        .executeTakeFirstOrThrow();
      return result.numUpdatedRows === 1n;
    },

    /** Adds to journals; what belongs to a run that is gone is left out. */
    async insertSegments(segments: readonly RunSegment[]): Promise<void> {
      const rows = segments.map((segment) => ({
        run_id: segment.runId,
        start: segment.start,
        events: segment.events,
      }));
      try {
        await db.insertInto("run_segments").values(rows).execute();
      } catch (error) {
        // A conversation may have been deleted meanwhile; its runs must not cost the others their journal.
        const ids = rows.map((row) => row.run_id);
        const present = await db.selectFrom("runs").select("id").where("id", "in", ids).execute();
        const kept = rows.filter((row) => present.some((run) => run.id === row.run_id));
        if (kept.length === rows.length) throw error;
        if (kept.length > 0) await db.insertInto("run_segments").values(kept).execute();
      }
    },

    async listSegments(runId: string): Promise<RunSegment[]> {
      const rows = await db
        .selectFrom("run_segments")
        .selectAll()
        .where("run_id", "=", runId)
        .orderBy("start")
        .execute();
      return rows.map((row) => ({ runId: row.run_id, start: row.start, events: row.events }));
    },

    async deleteSegments(runId: string): Promise<void> {
      await db.deleteFrom("run_segments").where("run_id", "=", runId).execute();
    },
  };
}
