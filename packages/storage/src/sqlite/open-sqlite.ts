import { chmodSync, existsSync } from "node:fs";
import SqliteConnection from "better-sqlite3";
import { Kysely } from "kysely";
import type { Database } from "../database.ts";
import { migrateToLatest } from "../migrations/migrate.ts";
import { StorageRefusal } from "../storage-refusal.ts";
import { createStorage, type Storage } from "../storage.ts";
import { claimDatabase } from "./exclusive-owner.ts";
import { ImmediateSqliteDialect } from "./sqlite-dialect.ts";

/** How to open an SQLite database. */
export type SqliteOptions = {
  /** The file; made when it does not exist. */
  readonly path: string;
  /**
   * Whether this process serves from the file, alone. Commands that only read or change a row come without it,
   * beside a running server.
   *
   * @default false
   */
  readonly exclusive?: boolean;
};

/**
 * Opens an SQLite file and brings it to the newest schema. What a transaction of this storage acknowledges survives
 * a crash of the process and of the machine.
 *
 * @throws StorageRefusal when the file is used by another server, is not a database, or was written by newer code.
 */
export async function openSqlite(options: SqliteOptions): Promise<Storage> {
  const claim = options.exclusive === true ? claimDatabase(options.path) : undefined;
  try {
    const connection = connect(options.path);
    const db = new Kysely<Database>({ dialect: new ImmediateSqliteDialect(connection) });
    try {
      await migrateToLatest(db);
    } catch (error) {
      await db.destroy();
      if (connection.open) connection.close();
      throw toRefusal(error, options.path);
    }
    return createStorage(db, {
      async relaxed(write) {
        // No fsync for what nobody was promised: a crash of the process still costs nothing of it.
        connection.pragma("synchronous = normal");
        try {
          return await write();
        } finally {
          connection.pragma("synchronous = full");
        }
      },
      async close() {
        await db.destroy();
        claim?.[Symbol.dispose]();
      },
    });
  } catch (error) {
    claim?.[Symbol.dispose]();
    throw error;
  }
}

function connect(path: string): SqliteConnection.Database {
  const isNew = !existsSync(path);
  let connection: SqliteConnection.Database | undefined;
  try {
    connection = new SqliteConnection(path, { timeout: 5000 });
    if (isNew) chmodSync(path, 0o600);
    connection.pragma("journal_mode = wal");
    connection.pragma("synchronous = full");
    connection.pragma("foreign_keys = on");
    connection.pragma("temp_store = memory");
    return connection;
  } catch (error) {
    connection?.close();
    throw toRefusal(error, path);
  }
}

const sentences: Readonly<Record<string, string>> = {
  SQLITE_NOTADB: "is not an SQLite database",
  SQLITE_CORRUPT: "is damaged; restore a backup",
  SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and may be written to",
  SQLITE_READONLY: "may not be written to",
  SQLITE_PERM: "may not be opened",
  SQLITE_BUSY: "is locked by another program",
};

function toRefusal(error: unknown, path: string): unknown {
  const cause = error instanceof StorageRefusal && error.cause !== undefined ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const sentence = Object.entries(sentences).find(([prefix]) => code.startsWith(prefix))?.[1];
  if (sentence !== undefined) return new StorageRefusal(`The database ${path} ${sentence}.`, { cause: error });
  return error;
}
