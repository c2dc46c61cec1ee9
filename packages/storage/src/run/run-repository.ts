import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import { executePrepared } from "../prepared-statement.ts";
import { fromRun, toRun, type Run, type RunSegment } from "./run-row.ts";
import type { RunRow } from "./run-table.ts";

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
      const row = fromRun(run);
      const { numAffectedRows } = await executePrepared(db, {
        name: "insert run",
        build: (given) =>
          given
            .insertInto("runs")
            .values(row)
            .onConflict((conflict) => conflict.columns(["user_id", "request_id"]).doNothing()),
        parameters: Object.values(row),
      });
      return numAffectedRows === 1n;
    },

    async find(id: string, userId: number): Promise<Run | undefined> {
      const { rows } = await executePrepared<RunRow>(db, {
        name: "run",
        build: (given) =>
          given.selectFrom("runs").selectAll().where("id", "=", id).where("user_id", "=", userId),
        parameters: [id, userId],
      });
      return rows[0] && toRun(rows[0]);
    },

    async findByRequestId(requestId: string, userId: number): Promise<Run | undefined> {
      const { rows } = await executePrepared<RunRow>(db, {
        name: "run by request id",
        build: (given) =>
          given
            .selectFrom("runs")
            .selectAll()
            .where("user_id", "=", userId)
            .where("request_id", "=", requestId),
        parameters: [userId, requestId],
      });
      return rows[0] && toRun(rows[0]);
    },

    /** The answers of a conversation that are being written. */
    async listStreamingAnswerIds(conversationId: number): Promise<string[]> {
      const rows = await db
        .selectFrom("runs")
        .select("assistant_message_id")
        // Written out, so that the index of streaming runs is used whatever the database knows of parameters.
        .where("state", "=", sql.lit("streaming"))
        .where("conversation_id", "=", conversationId)
        .execute();
      return rows.map((row) => row.assistant_message_id);
    },

    async listByIds(ids: readonly string[]): Promise<Run[]> {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom("runs").selectAll().where("id", "in", ids).execute();
      return rows.map(toRun);
    },

    /** Runs that no ending was written for and that none of the processes that live drives, oldest first. */
    async listOrphaned(livingOwners: readonly string[], page: { limit: number }): Promise<Run[]> {
      const rows = await db
        .selectFrom("runs")
        .selectAll()
        // Written out, so that the index of streaming runs is used whatever the database knows of parameters.
        .where("state", "=", sql.lit("streaming"))
        .$if(livingOwners.length > 0, (query) => query.where("owner", "not in", livingOwners))
        .orderBy("id")
        .limit(page.limit)
        .execute();
      return rows.map(toRun);
    },

    /** The process that drives what is being answered in a conversation; undefined where nothing is. */
    async findOwner(conversationId: number): Promise<string | undefined> {
      const row = await db
        .selectFrom("runs")
        .select("owner")
        .where("conversation_id", "=", conversationId)
        .where("state", "=", sql.lit("streaming"))
        .limit(1)
        .executeTakeFirst();
      return row?.owner;
    },

    /** Ends a running run; false when it has ended already, or is gone. */
    async end(id: string, ending: RunEnding): Promise<boolean> {
      const change = {
        state: ending.state,
        model: ending.model,
        error_code: ending.errorCode,
        error_message: ending.errorMessage,
        log: ending.log,
        ended_at: ending.endedAt,
      };
      const { numAffectedRows } = await executePrepared(db, {
        name: "end run",
        build: (given) =>
          given
            .updateTable("runs")
            .set(change)
            .where("id", "=", id)
            .where("state", "=", sql.lit("streaming")),
        parameters: [...Object.values(change), id],
      });
      return numAffectedRows === 1n;
    },

    /**
     * Adds to the journals of running runs. What belongs to a run that has ended, or is gone, is left out: a
     * conversation may be deleted meanwhile, and must not cost the others their journal. A segment that was written
     * before is replaced, so that a write whose outcome is unknown can be repeated.
     */
    async insertSegments(segments: readonly RunSegment[]): Promise<void> {
      if (segments.length === 0) return;
      const rows = segments.map(({ runId, start, events }) => sql`(${runId}, ${start}, ${events})`);
      await sql`
        with segment (run_id, start, events) as (values ${sql.join(rows)})
        insert into run_segments (run_id, start, events)
        select segment.run_id, cast(segment.start as bigint), segment.events
        from segment inner join runs on runs.id = segment.run_id
        where runs.state = 'streaming'
        on conflict (run_id, start) do update set events = excluded.events
      `.execute(db);
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
      await executePrepared(db, {
        name: "delete segments",
        build: (given) => given.deleteFrom("run_segments").where("run_id", "=", runId),
        parameters: [runId],
      });
    },
  };
}
