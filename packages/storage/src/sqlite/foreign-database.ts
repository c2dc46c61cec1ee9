import { statSync } from "node:fs";
import SqliteConnection from "better-sqlite3";

/** Tells whether a database has another program's tables: they are not ours to add to. */
export function isForeign(connection: SqliteConnection.Database): boolean {
  const { tables, migrations } = connection
    .prepare<[], { tables: number; migrations: number }>(
      "select count(*) as tables, count(*) filter (where name = 'kysely_migration') as migrations " +
        "from sqlite_schema where type = 'table'",
    )
    .get() ?? { tables: 0, migrations: 0 };
  return tables > 0 && migrations === 0;
}

/** The same of a file, which is left as it is; one that is missing, or cannot be read as a database, is nobody's. */
export function isForeignSqlite(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  try {
    const connection = new SqliteConnection(path, { readonly: true, fileMustExist: true });
    try {
      return isForeign(connection);
    } finally {
      connection.close();
    }
  } catch {
    return false;
  }
}
