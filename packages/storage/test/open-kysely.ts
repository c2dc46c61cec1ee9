import SqliteConnection from "better-sqlite3";
import { Kysely, type CompiledQuery } from "kysely";
import type { Database } from "../src/database.ts";
import { DatabaseHandle } from "../src/sqlite/database-handle.ts";
import { ImmediateSqliteDialect } from "../src/sqlite/sqlite-dialect.ts";

/** A database below the storage: what it is made of, to be looked at and to be damaged. */
export type OpenKysely = AsyncDisposable & {
  readonly connection: SqliteConnection.Database;
  readonly db: Kysely<Database>;
};

/** Opens a file as it is, with the dialect that the storage uses; `onQuery` learns of every statement behind it. */
export function openKysely(path: string, onQuery?: (query: CompiledQuery) => void): OpenKysely {
  const connection = new SqliteConnection(path);
  connection.pragma("foreign_keys = on");
  const db = new Kysely<Database>({
    dialect: new ImmediateSqliteDialect(new DatabaseHandle({ open: () => connection })),
    ...(onQuery === undefined ? {} : { log: ({ query }) => onQuery(query) }),
  });
  return {
    connection,
    db,
    async [Symbol.asyncDispose]() {
      await db.destroy();
      connection.close();
    },
  };
}

/** The whole schema of a file, as text. */
export function readSchema(path: string): string[] {
  const connection = new SqliteConnection(path, { readonly: true });
  try {
    return connection
      .prepare<[], string>("select coalesce(sql, name) from sqlite_schema order by name")
      .pluck()
      .all();
  } finally {
    connection.close();
  }
}

/** What SQLite finds wrong with a file; `ok` where that is nothing. */
export function checkIntegrity(path: string): string {
  const connection = new SqliteConnection(path);
  try {
    return String(connection.pragma("integrity_check", { simple: true }));
  } finally {
    connection.close();
  }
}
