import { sql, type Kysely } from "kysely";
import type { Database } from "../database.ts";
import type { SettingKey } from "../setting/setting-repository.ts";
import {
  toUpstreamRecord,
  toUpstreamRow,
  toUpstreamTally,
  type UpstreamRecord,
  type UpstreamTallyRecord,
} from "./upstream-row.ts";

/** The rows of `upstreams`, what is counted of them, and the revision of the whole list. */
export type UpstreamRepository = ReturnType<typeof createUpstreamRepository>;

const revisionKey: SettingKey = "upstream_revision";
const numberKey: SettingKey = "upstream_number";

/** Creates the repository over a connection or a transaction. */
export function createUpstreamRepository(db: Kysely<Database>) {
  return {
    /** All upstreams, removed and switched off ones included, in their order. */
    async list(): Promise<UpstreamRecord[]> {
      const rows = await db
        .selectFrom("upstreams")
        .selectAll()
        .orderBy("position")
        .orderBy("number")
        .execute();
      return rows.map(toUpstreamRecord);
    },

    async findByNumber(number: number): Promise<UpstreamRecord | undefined> {
      const row = await db
        .selectFrom("upstreams")
        .selectAll()
        .where("number", "=", number)
        .executeTakeFirst();
      return row && toUpstreamRecord(row);
    },

    async insert(upstream: UpstreamRecord): Promise<void> {
      await db.insertInto("upstreams").values(toUpstreamRow(upstream)).execute();
    },

    /** Replaces everything of the row with the record's id, but for its number. */
    async update(upstream: UpstreamRecord): Promise<void> {
      const { id, number: _kept, ...fields } = toUpstreamRow(upstream);
      await db.updateTable("upstreams").set(fields).where("id", "=", id).execute();
    },

    /** Removes an upstream, and what was counted of it. */
    async delete(id: string): Promise<void> {
      await db.deleteFrom("upstreams").where("id", "=", id).execute();
    },

    /** The next number; none is ever given twice, not even that of an upstream that is gone. */
    takeNumber: (): Promise<number> => countUp(db, numberKey),

    /** Says that the list is another one now; belongs into the transaction that changes it. */
    bumpRevision: (): Promise<number> => countUp(db, revisionKey),

    /** Which state of the list this is: a number that grows with every change of it, in whatever process. */
    async readRevision(): Promise<number> {
      const row = await db
        .selectFrom("settings")
        .select("value")
        .where("key", "=", revisionKey)
        .executeTakeFirst();
      return Number(row?.value ?? 0);
    },

    /** What all processes have counted. */
    async listTallies(): Promise<UpstreamTallyRecord[]> {
      const rows = await db.selectFrom("upstream_tallies").selectAll().execute();
      return rows.map(toUpstreamTally);
    },

    /** Adds to what was counted of an upstream; what belongs to one that is gone is left out. */
    async addTally(change: UpstreamTallyRecord): Promise<void> {
      const { upstreamId, successes, failures, lastSuccessAt, lastFailureAt } = change;
      // The `where` keeps `on conflict` from being read as the condition of a join.
      await sql`
        insert into upstream_tallies (upstream_id, successes, failures, last_success_at, last_failure_at)
        select id, ${whole(successes)}, ${whole(failures)}, ${whole(lastSuccessAt)}, ${whole(lastFailureAt)}
        from upstreams where id = ${upstreamId}
        on conflict (upstream_id) do update set
          successes = upstream_tallies.successes + excluded.successes,
          failures = upstream_tallies.failures + excluded.failures,
          last_success_at = ${later("last_success_at")},
          last_failure_at = ${later("last_failure_at")}
      `.execute(db);
    },

    /** Forgets what was counted of an upstream. */
    async deleteTally(upstreamId: string): Promise<void> {
      await db.deleteFrom("upstream_tallies").where("upstream_id", "=", upstreamId).execute();
    },
  };
}

/** A parameter whose type Postgres is told, since a `select` does not say it. */
const whole = (value: number | null) => sql`cast(${value} as bigint)`;

/** The later of a stored time and the one that comes; either may be absent. */
function later(column: "last_success_at" | "last_failure_at") {
  const stored = sql.ref(`upstream_tallies.${column}`);
  const coming = sql.ref(`excluded.${column}`);
  return sql`case when ${stored} is null or ${coming} > ${stored} then ${coming} else ${stored} end`;
}

/** Counts a number of `settings` up by one, in one statement: two processes never get the same. */
async function countUp(db: Kysely<Database>, key: SettingKey): Promise<number> {
  const { rows } = await sql<{ value: string }>`
    insert into settings (key, value) values (${key}, '1')
    on conflict (key) do update set value = cast(cast(settings.value as bigint) + 1 as text)
    returning value
  `.execute(db);
  return Number(rows[0]?.value);
}
