import type { Kysely } from "kysely";
import type { Database } from "./database.ts";
import { executePrepared } from "./prepared-statement.ts";

/** Rows of one table. All of them have the same fields, in the same order, at every call. */
export type NewRows = {
  readonly table: keyof Database;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** Leaves out rows that are there already; otherwise they are refused. @default false */
  readonly ignoresKnown?: boolean;
};

/**
 * How many rows one statement adds, largest first. Few sizes, so that few statements are kept prepared; small ones, so
 * that the parameters stay below what any database takes.
 */
const statementSizes = [64, 16, 4, 2, 1];

/** Adds rows in few statements, which are the same ones every time. */
export async function insertRows(
  db: Kysely<Database>,
  { table, rows, ignoresKnown = false }: NewRows,
): Promise<void> {
  for (const some of splitRows(rows)) {
    await executePrepared(db, {
      name: `insert ${table} ${some.length} ${ignoresKnown}`,
      build: (given) => {
        const insert = given.insertInto(table).values(some);
        return ignoresKnown ? insert.onConflict((conflict) => conflict.doNothing()) : insert;
      },
      parameters: toParameters(some),
    });
  }
}

/** Cuts rows into parts of few different sizes, for a statement each. */
export function* splitRows<TRow>(rows: readonly TRow[]): Generator<readonly TRow[], void> {
  let index = 0;
  for (const size of statementSizes) {
    for (; rows.length - index >= size; index += size) yield rows.slice(index, index + size);
  }
}

function toParameters(rows: NewRows["rows"]): unknown[] {
  const parameters: unknown[] = [];
  for (const row of rows) for (const name in row) parameters.push(row[name]);
  return parameters;
}
