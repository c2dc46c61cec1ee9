import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import { toKnowledgeJob, type KnowledgeJob } from "./knowledge-row.ts";

/** Creates the part of the repository of jobs that is about who works on which. */
export function createJobLeases(db: Kysely<Database>) {
  /** Puts jobs back that somebody has. That they were begun does not count: they were not tried to the end. */
  async function putBack(owners: ReturnType<typeof sql<boolean>>): Promise<number> {
    const result = await db
      .updateTable("knowledge_jobs")
      .set({ state: "waiting", owner: null, leased_until: null, attempts: sql<number>`max(0, attempts - 1)` })
      .where("state", "=", sql.lit("running"))
      .where(owners)
      .executeTakeFirstOrThrow();
    return Number(result.numUpdatedRows);
  }

  return {
    /** Whether there is something to take. */
    async isDue(now: number): Promise<boolean> {
      const { rows } = await sql<{ due: number }>`
        select exists (select 1 from knowledge_jobs where state = 'waiting' and next_at <= ${now})
          or exists (select 1 from knowledge_jobs where state = 'running' and leased_until < ${now}) as due
      `.execute(db);
      return rows[0]?.due === 1;
    },

    /**
     * Takes a job whose owner has not been heard of for as long as it said, else one of the user of whose jobs the fewest
     * are worked on, and of theirs the one that has waited longest; undefined where nothing is to be done now.
     */
    async claim(owner: string, now: number, leaseMs: number): Promise<KnowledgeJob | undefined> {
      // In one statement: two who ask at once must not find the same one.
      const row = await db
        .updateTable("knowledge_jobs")
        .set({
          state: "running",
          owner,
          leased_until: now + leaseMs,
          attempts: sql<number>`attempts + (state = 'waiting')`,
        })
        .where("id", "=", sql<string>`coalesce((${selectExpired(now)}), (${selectNext(now)}))`)
        .returningAll()
        .executeTakeFirst();
      return row && toKnowledgeJob(row);
    },

    /**
     * Keeps jobs for a process until a time.
     *
     * @returns the ids of those that are its own; the others are not any more.
     */
    async extend(owner: string, ids: readonly string[], leasedUntil: number): Promise<string[]> {
      if (ids.length === 0) return [];
      const rows = await db
        .updateTable("knowledge_jobs")
        .set({ leased_until: leasedUntil })
        .where("id", "in", ids)
        .where("owner", "=", owner)
        .where("state", "=", sql.lit("running"))
        .returning("id")
        .execute();
      return rows.map(({ id }) => id);
    },

    /** The ids of the jobs that a process has. */
    async listHeld(owner: string): Promise<string[]> {
      const rows = await db
        .selectFrom("knowledge_jobs")
        .select("id")
        .where("owner", "=", owner)
        .where("state", "=", sql.lit("running"))
        .execute();
      return rows.map(({ id }) => id);
    },

    /** Puts back what a process has that is gone, or going. @returns how many jobs. */
    releaseOwner: (owner: string): Promise<number> => putBack(sql<boolean>`owner = ${owner}`),

    /** Puts back what others than these have: processes that are gone. @returns how many jobs. */
    releaseOthers: (livingOwners: readonly string[]): Promise<number> =>
      putBack(
        livingOwners.length === 0
          ? sql<boolean>`1 = 1`
          : sql<boolean>`owner not in (${sql.join(livingOwners)})`,
      ),
  };
}

const selectExpired = (now: number) => sql<string>`
  select id from knowledge_jobs where state = 'running' and leased_until < ${now} limit 1
`;

/**
 * A base may have thousands of jobs that wait: of each, the index gives the first one, and the next base, without looking
 * at the others.
 */
const selectNext = (now: number) => sql<string>`
  with recursive waiting (base_id) as (
    select min(base_id) from knowledge_jobs where state = 'waiting'
    union all
    select (select min(base_id) from knowledge_jobs where state = 'waiting' and base_id > waiting.base_id)
    from waiting where waiting.base_id is not null
  ),
  load (user_id, running) as (
    select base.user_id, count(*) from knowledge_jobs as job
    join knowledge_bases as base on base.id = job.base_id
    where job.state = 'running' group by base.user_id
  )
  select job.id from waiting
  join knowledge_bases as base on base.id = waiting.base_id
  join knowledge_jobs as job on job.id = (
    select id from knowledge_jobs
    where state = 'waiting' and base_id = waiting.base_id and next_at <= ${now}
    order by next_at, id limit 1
  )
  left join load on load.user_id = base.user_id
  order by coalesce(load.running, 0), job.next_at, job.id limit 1
`;
