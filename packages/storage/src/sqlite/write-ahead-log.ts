import { statSync } from "node:fs";
import type { Database as SqliteConnection } from "better-sqlite3";

/** Beyond this size the log is moved into the database, and cut. SQLite by itself only begins it anew. */
export const logBytesMax = 64 * 1024 * 1024;

/** The size of the log of a connection's file, in bytes. */
function readLogBytes({ name }: SqliteConnection): number {
  return statSync(`${name}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * Moves what the log holds into the database, and cuts it, where it is larger than `bytesMax`. Waits for nobody: while
 * somebody reads what is in there, it stays. Not to be called in a transaction. Answers with the size of the log.
 */
export function trimLog(connection: SqliteConnection, bytesMax = logBytesMax): number {
  if (readLogBytes(connection) <= bytesMax) return readLogBytes(connection);
  const waitMs = Number(connection.pragma("busy_timeout", { simple: true }));
  connection.pragma("busy_timeout = 0");
  try {
    connection.pragma("wal_checkpoint(truncate)");
  } finally {
    connection.pragma(`busy_timeout = ${waitMs}`);
  }
  return readLogBytes(connection);
}
