import type { Insertable, Kysely } from "kysely";
import type { Database } from "../database.ts";
import { insertRows } from "../insert-rows.ts";
import { toAttemptRow, toRecordRow, type RecordEntry } from "./record-row.ts";
import type { RecordBodiesTable } from "./record-table.ts";

type Row = Readonly<Record<string, unknown>>;

/** Adds all parts of the entries, but not to the totals. Returns the bytes of the bodies. */
export async function insertEntries(db: Kysely<Database>, entries: readonly RecordEntry[]): Promise<number> {
  const attempts: Row[] = [];
  const bodies: Insertable<RecordBodiesTable>[] = [];
  for (const { record, attempts: made, bodies: texts } of entries) {
    for (const [position, attempt] of made.entries()) {
      attempts.push(toAttemptRow(attempt, { recordId: record.id, position }));
    }
    if (texts === null) continue;
    const { request, answer } = texts;
    const bytes = Buffer.byteLength(request ?? "") + Buffer.byteLength(answer ?? "");
    bodies.push({ record_id: record.id, bytes, request, answer });
  }
  const records = entries.map((entry) => toRecordRow(entry.record));
  await insertRows(db, { table: "request_records", rows: records });
  await insertRows(db, { table: "record_attempts", rows: attempts });
  await insertRows(db, { table: "record_bodies", rows: bodies });
  return bodies.reduce((sum, { bytes }) => sum + bytes, 0);
}
