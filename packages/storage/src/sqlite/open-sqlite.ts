import { statSync } from "node:fs";
import SqliteConnection from "better-sqlite3";
import { Kysely } from "kysely";
import type { Database } from "../database.ts";
import { migrateToLatest } from "../migrations/migrate.ts";
import { StorageRefusal } from "../storage-refusal.ts";
import { createStorage, type Storage } from "../storage.ts";
import { findOrCreateDatabase } from "./database-file.ts";
import { claimDatabase } from "./exclusive-owner.ts";
import { isForeign } from "./foreign-database.ts";
import { createGroupCommit } from "./group-commit.ts";
import { ImmediateSqliteDialect } from "./sqlite-dialect.ts";
import { toRefusal } from "./to-refusal.ts";

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
  /**
   * Whether several processes serve from the file together, each with a storage of its own. Waiting for the others
   * then stops nothing in this process, and they get their turn.
   *
   * @default false
   */
  readonly shared?: boolean;
};

/** How long SQLite itself waits for another process that writes. */
const busyMs = 5000;
/** Files up to this size are looked through for damage before a server starts on them: a fraction of a second. */
const checkedBytesMax = 256 * 1024 * 1024;

/**
 * Opens an SQLite file and brings it to the newest schema. What a transaction of this storage acknowledges survives
 * a crash of the process and of the machine.
 *
 * @throws StorageRefusal when the file is used by another server, is damaged or no database of this system, cannot be
 * written, or was written by newer code.
 */
export async function openSqlite(options: SqliteOptions): Promise<Storage> {
  using claims = new DisposableStack();
  const isShared = options.shared === true;
  try {
    const path = findOrCreateDatabase(options.path);
    if (options.exclusive === true) claims.use(claimDatabase(path));
    const connection = claims.adopt(connect(path, isShared), (opened) => opened.close());
    if (options.exclusive === true) refuseDamaged(connection, path);
    const db = new Kysely<Database>({ dialect: new ImmediateSqliteDialect(connection, { isShared }) });
    await migrate(db, options.path);
    return createStorage(db, createDriver(db, { connection, isShared, claims: claims.move() }));
  } catch (error) {
    throw toRefusal(error, options.path);
  }
}

async function migrate(db: Kysely<Database>, path: string): Promise<void> {
  try {
    await migrateToLatest(db);
  } catch (error) {
    // That the disk is full, or the file damaged, says more than that a step failed.
    const reason = error instanceof StorageRefusal ? toRefusal(error.cause, path) : undefined;
    throw reason instanceof StorageRefusal ? reason : error;
  }
}

function createDriver(
  db: Kysely<Database>,
  owned: { connection: SqliteConnection.Database; isShared: boolean; claims: DisposableStack },
): Parameters<typeof createStorage>[1] {
  const { connection, isShared, claims } = owned;
  const relaxed = async <T>(write: () => Promise<T>): Promise<T> => {
    // No fsync for what nobody was promised: a crash of the process still costs nothing of it.
    connection.pragma("synchronous = normal");
    try {
      return await write();
    } finally {
      connection.pragma("synchronous = full");
    }
  };
  return {
    transaction: createGroupCommit(db, { isShared }),
    relaxedTransaction: createGroupCommit(db, { isShared, around: relaxed }),
    relaxed,
    async close() {
      await db.destroy();
      claims.dispose();
    },
  };
}

function connect(path: string, isShared: boolean): SqliteConnection.Database {
  const connection = new SqliteConnection(path, { timeout: busyMs });
  try {
    refuseForeign(connection, path);
    connection.pragma("journal_mode = wal");
    connection.pragma("synchronous = full");
    connection.pragma("foreign_keys = on");
    connection.pragma("temp_store = memory");
    // From here on it is waited for elsewhere; see `withPatience`.
    if (isShared) connection.pragma("busy_timeout = 0");
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function refuseForeign(connection: SqliteConnection.Database, path: string): void {
  if (!isForeign(connection)) return;
  throw new StorageRefusal(
    `The database ${path} belongs to another program. Give this one a file of its own.`,
  );
}

function refuseDamaged(connection: SqliteConnection.Database, path: string): void {
  if (statSync(path).size > checkedBytesMax) return;
  const finding: unknown = connection.pragma("quick_check(1)", { simple: true });
  if (finding === "ok") return;
  throw new StorageRefusal(`The database ${path} is damaged; restore a backup.`, { cause: finding });
}
