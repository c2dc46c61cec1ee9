import type { CompiledQuery, Insertable, Kysely } from "kysely";
import type { Database } from "../database.ts";
import { toAttemptRow, toRecordRow, type RecordEntry } from "./record-row.ts";
import type { RecordBodiesTable } from "./record-table.ts";

type PartTable = "request_records" | "record_attempts" | "record_bodies";
type Row = Readonly<Record<string, unknown>>;

/**
 * How many rows one statement adds, largest first. Few sizes, so that few statements are kept prepared; small ones, so
 * that the parameters stay below what any database takes.
 */
const statementSizes = [64, 16, 4, 1];

/** Building a statement costs more than carrying it out: each is built once for a dialect. */
const statements = new WeakMap<object, Map<string, CompiledQuery>>();

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

async function insertRows(
  db: Kysely<Database>,
  { table, rows }: { table: PartTable; rows: readonly Row[] },
): Promise<void> {
  let index = 0;
  for (const size of statementSizes) {
    for (; rows.length - index >= size; index += size) {
      const some = rows.slice(index, index + size);
      const statement = findStatement(db, { table, rows: some });
      await db.executeQuery({ ...statement, parameters: some.flatMap((row) => Object.values(row)) });
    }
  }
}

function findStatement(
  db: Kysely<Database>,
  { table, rows }: { table: PartTable; rows: readonly Row[] },
): CompiledQuery {
  const { adapter } = db.getExecutor();
  let known = statements.get(adapter);
  if (known === undefined) statements.set(adapter, (known = new Map()));
  const name = `${table} ${rows.length}`;
  let statement = known.get(name);
  if (statement === undefined) {
    // The rows only say which fields there are; every execution brings its own.
    const { sql, query, queryId } = db.insertInto(table).values(rows).compile();
    statement = { sql, query, queryId, parameters: [] };
    known.set(name, statement);
  }
  return statement;
}
