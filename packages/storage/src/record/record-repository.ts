import type { Kysely } from "kysely";
import type { Database } from "../database.ts";
import { insertEntries } from "./insert-records.ts";
import { planFilter, type FilterPlan, type RecordFilter } from "./record-filter.ts";
import {
  toRecordAttempt,
  toRequestRecord,
  type RecordAttempt,
  type RecordBodies,
  type RecordEntry,
  type RecordTotals,
  type RequestRecord,
  type WrittenRecord,
} from "./record-row.ts";

/** The records of requests, their attempts and their bodies. */
export type RecordRepository = ReturnType<typeof createRecordRepository>;

/** Where a page begins, and how long it may be. */
export type RecordPageRange = { readonly before?: string | undefined; readonly limit: number };

/** A page of records, newest first. */
export type RecordPage = {
  readonly records: RequestRecord[];
  /** Where the next page begins; undefined when this is the last one. */
  readonly next: string | undefined;
};

/** How many records one page looks at when it has to check what its index finds. */
const checkedMax = 5000;

/** Creates the repository over a connection or a transaction. */
export function createRecordRepository(db: Kysely<Database>) {
  const records = (filter: RecordFilter, before: string | undefined, lead: FilterPlan["lead"]) =>
    db
      .selectFrom("request_records")
      .$if(lead !== undefined, (query) => query.where((build) => (lead as NonNullable<typeof lead>)(build)))
      .$if(filter.fromId !== undefined, (query) => query.where("id", ">=", filter.fromId as string))
      .$if(filter.toId !== undefined, (query) => query.where("id", "<", filter.toId as string))
      .$if(before !== undefined, (query) => query.where("id", "<", before as string))
      .orderBy("id", "desc");

  return {
    /** Adds records with all that belongs to them, and returns how much there is now. */
    async insert(entries: readonly RecordEntry[]): Promise<RecordTotals> {
      const bodyBytes = await insertEntries(db, entries);
      return changeTotals(db, { records: entries.length, bodyBytes });
    },

    /**
     * A page of records, newest first. Costs the same in a small and in a large table: where several conditions meet,
     * a page looks at a bounded number of records and may be short, or empty, although there is a next one.
     */
    async list(filter: RecordFilter, range: RecordPageRange): Promise<RecordPage> {
      const { lead, rest } = planFilter(filter);
      const found = records(filter, range.before, lead);
      // The last record that is looked at, where not every one that the index finds is one of the page.
      const last =
        rest.length === 0
          ? undefined
          : await found
              .select("id")
              .limit(1)
              .offset(checkedMax - 1)
              .executeTakeFirst();
      let query = found.selectAll().limit(range.limit + 1);
      if (last !== undefined) query = query.where("id", ">=", last.id);
      for (const condition of rest) query = query.where(condition);
      const rows = await query.execute();
      const page = rows.slice(0, range.limit).map(toRequestRecord);
      return { records: page, next: rows.length > range.limit ? page.at(-1)?.id : last?.id };
    },

    /** Records in the order in which they were written, behind a place in it. */
    async listWritten(range: { after: number; limit: number }): Promise<WrittenRecord[]> {
      const rows = await db
        .selectFrom("request_records")
        .selectAll()
        .where("seq", ">", range.after)
        .orderBy("seq")
        .limit(range.limit)
        .execute();
      return rows.map((row) => ({ seq: row.seq, record: toRequestRecord(row) }));
    },

    /** The place in the order of writing behind which there are `count` records; 0 where there are fewer. */
    async findPlace(count: number): Promise<number> {
      const row = await db
        .selectFrom("request_records")
        .select("seq")
        .orderBy("seq", "desc")
        .limit(1)
        .offset(count)
        .executeTakeFirst();
      return row?.seq ?? 0;
    },

    async find(id: string): Promise<RequestRecord | undefined> {
      const row = await db.selectFrom("request_records").selectAll().where("id", "=", id).executeTakeFirst();
      return row && toRequestRecord(row);
    },

    /** The attempts of a record, in their order. */
    async listAttempts(id: string): Promise<RecordAttempt[]> {
      const rows = await db
        .selectFrom("record_attempts")
        .selectAll()
        .where("record_id", "=", id)
        .orderBy("position")
        .execute();
      return rows.map(toRecordAttempt);
    },

    /** The bodies of some records, by their ids, as far as they are kept. */
    async findBodies(ids: readonly string[]): Promise<Map<string, RecordBodies>> {
      if (ids.length === 0) return new Map();
      const rows = await db.selectFrom("record_bodies").selectAll().where("record_id", "in", ids).execute();
      return new Map(rows.map(({ record_id: id, request, answer }) => [id, { request, answer }]));
    },

    async totals(): Promise<RecordTotals> {
      const row = await db.selectFrom("record_totals").selectAll().executeTakeFirstOrThrow();
      return { records: row.records, bodyBytes: row.body_bytes };
    },

    /** Removes the oldest records, at most `limit` of those before an id; returns how many there were. */
    async deleteOldest(range: { before?: string | undefined; limit: number }): Promise<number> {
      let query = db.selectFrom("request_records").select("id").orderBy("id").limit(range.limit);
      if (range.before !== undefined) query = query.where("id", "<", range.before);
      const ids = await query.execute();
      const last = ids.at(-1)?.id;
      if (last === undefined) return 0;
      const { bytes } = await db
        .selectFrom("record_bodies")
        .select((build) => build.fn.sum<number | string | null>("bytes").as("bytes"))
        .where("record_id", "<=", last)
        .executeTakeFirstOrThrow();
      await db.deleteFrom("record_bodies").where("record_id", "<=", last).execute();
      await db.deleteFrom("record_attempts").where("record_id", "<=", last).execute();
      await db.deleteFrom("request_records").where("id", "<=", last).execute();
      await changeTotals(db, { records: -ids.length, bodyBytes: -Number(bytes ?? 0) });
      return ids.length;
    },

    /** Removes the oldest bodies, at most `limit`, until so many bytes are gone; returns how many bytes there were. */
    async deleteOldestBodies(range: { bytes: number; limit: number }): Promise<number> {
      const rows = await db
        .selectFrom("record_bodies")
        .select(["record_id", "bytes"])
        .orderBy("record_id")
        .limit(range.limit)
        .execute();
      let bytes = 0;
      let last: string | undefined;
      for (const row of rows) {
        if (bytes >= range.bytes) break;
        bytes += row.bytes;
        last = row.record_id;
      }
      if (last === undefined) return 0;
      await db.deleteFrom("record_bodies").where("record_id", "<=", last).execute();
      await changeTotals(db, { records: 0, bodyBytes: -bytes });
      return bytes;
    },
  };
}

async function changeTotals(db: Kysely<Database>, change: RecordTotals): Promise<RecordTotals> {
  const row = await db
    .updateTable("record_totals")
    .set((build) => ({
      records: build("records", "+", change.records),
      body_bytes: build("body_bytes", "+", change.bodyBytes),
    }))
    .where("id", "=", 1)
    .returningAll()
    .executeTakeFirstOrThrow();
  return { records: row.records, bodyBytes: row.body_bytes };
}
