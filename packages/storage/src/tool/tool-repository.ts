import type { ToolFailure } from "@llm-backend/contract";
import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";

/** What users have decided about tools, and the calls that were made. */
export type ToolRepository = ReturnType<typeof createToolRepository>;

/** A decision that is remembered. */
export type ToolGrant = { readonly tool: string; readonly permission: "always" | "never" };

/** One line of the ledger of calls. */
export type ToolCallEntry = {
  readonly runId: string;
  readonly callId: string;
  readonly at: number;
  readonly userId: number | null;
  readonly tool: string;
  readonly ms: number;
  readonly ok: boolean;
  readonly failure: ToolFailure | null;
};

/** The calls of one tool in a period. */
export type ToolSums = {
  readonly tool: string;
  readonly calls: number;
  readonly failed: number;
  readonly declined: number;
  readonly ms: number;
};

/** Creates the repository over a connection or a transaction. */
export function createToolRepository(db: Kysely<Database>) {
  return {
    async listGrants(userId: number): Promise<ToolGrant[]> {
      const rows = await db
        .selectFrom("tool_grants")
        .select(["tool", "permission"])
        .where("user_id", "=", userId)
        .orderBy("tool")
        .execute();
      return rows.map(({ tool, permission }) => ({
        tool,
        permission: permission as ToolGrant["permission"],
      }));
    },

    /** Remembers a decision in place of the one before. */
    async grant(userId: number, { tool, permission }: ToolGrant, at: number): Promise<void> {
      await db
        .insertInto("tool_grants")
        .values({ user_id: userId, tool, permission, created_at: at })
        .onConflict((conflict) =>
          conflict.columns(["user_id", "tool"]).doUpdateSet({ permission, created_at: at }),
        )
        .execute();
    },

    async forget(userId: number, tool: string): Promise<void> {
      await db.deleteFrom("tool_grants").where("user_id", "=", userId).where("tool", "=", tool).execute();
    },

    /** Adds a line to the ledger of calls; one that is there stays as it is. */
    async insertCall(entry: ToolCallEntry): Promise<void> {
      await db
        .insertInto("tool_calls")
        .values({
          run_id: entry.runId,
          call_id: entry.callId,
          at: entry.at,
          user_id: entry.userId,
          tool: entry.tool,
          ms: entry.ms,
          ok: Number(entry.ok),
          failure: entry.failure,
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    /** The calls of a run, in the order in which they ended. */
    async listCalls(runId: string): Promise<ToolCallEntry[]> {
      const rows = await db
        .selectFrom("tool_calls")
        .selectAll()
        .where("run_id", "=", runId)
        .orderBy("at")
        .execute();
      return rows.map((row) => ({
        runId: row.run_id,
        callId: row.call_id,
        at: row.at,
        userId: row.user_id,
        tool: row.tool,
        ms: row.ms,
        ok: row.ok === 1,
        failure: row.failure as ToolFailure | null,
      }));
    },

    /** What was called in a period, by tool; `to` is not part of it. Undefined: by whomever. */
    async sumCalls(period: { from: number; to: number; userId?: number | undefined }): Promise<ToolSums[]> {
      let query = db.selectFrom("tool_calls").where("at", ">=", period.from).where("at", "<", period.to);
      if (period.userId !== undefined) query = query.where("user_id", "=", period.userId);
      const rows = await query
        .select(({ fn }) => [
          "tool",
          fn.countAll<number | string>().as("calls"),
          fn.sum<number | string>("ok").as("done"),
          sql<number | string>`sum(case when failure = 'declined' then 1 else 0 end)`.as("declined"),
          fn.sum<number | string>("ms").as("ms"),
        ])
        .groupBy("tool")
        .orderBy("tool")
        .execute();
      return rows.map(({ tool, calls, done, declined, ms }) => ({
        tool,
        calls: Number(calls),
        failed: Number(calls) - Number(done) - Number(declined),
        declined: Number(declined),
        ms: Number(ms),
      }));
    },
  };
}
