import { openSqlite, type SqliteOptions, type Storage } from "@llm-backend/storage";

/** Opens a database with nothing above it: for measuring what it does alone. */
export function openStorage(options: SqliteOptions): Promise<Storage> {
  return openSqlite(options);
}
