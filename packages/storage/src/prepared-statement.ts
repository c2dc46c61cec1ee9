import type { Compilable, CompiledQuery, Kysely, QueryResult } from "kysely";
import type { Database } from "./database.ts";

/** A statement that is built once, and carried out with other values every time. */
export type PreparedStatement = {
  /** Tells it from all others. */
  readonly name: string;
  /** Builds it, with values that stand for those of every execution. */
  readonly build: (db: Kysely<Database>) => Compilable;
  /** The values of this execution, in the order in which they stand in the statement. */
  readonly parameters: readonly unknown[];
};

/** Building a statement costs more than carrying it out: each is built once for a dialect. */
const built = new WeakMap<object, Map<string, CompiledQuery>>();

/** Carries out a statement that is on the path of every request. */
export function executePrepared<TRow>(
  db: Kysely<Database>,
  { name, build, parameters }: PreparedStatement,
): Promise<QueryResult<TRow>> {
  const { adapter } = db.getExecutor();
  let known = built.get(adapter);
  if (known === undefined) built.set(adapter, (known = new Map()));
  let statement = known.get(name);
  if (statement === undefined) {
    // The values that it was built with are not kept.
    const { sql, query, queryId } = build(db).compile();
    statement = { sql, query, queryId, parameters: [] };
    known.set(name, statement);
  }
  return db.executeQuery<TRow>({ ...statement, parameters });
}
