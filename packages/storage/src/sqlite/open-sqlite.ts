import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import SqliteConnection from "better-sqlite3";
import { Kysely } from "kysely";
import { createFileStore } from "../attachment/file-store.ts";
import type { Database } from "../database.ts";
import { migrateToLatest } from "../migrations/migrate.ts";
import { StorageRefusal } from "../storage-refusal.ts";
import { createStorage, type Storage } from "../storage.ts";
import { findOrCreateDatabase } from "./database-file.ts";
import { DatabaseHandle } from "./database-handle.ts";
import { toFsyncFailure } from "./disk-fault.ts";
import { claimDatabase } from "./exclusive-owner.ts";
import { isForeign } from "./foreign-database.ts";
import { createGroupCommit } from "./group-commit.ts";
import { LogSync } from "./log-sync.ts";
import { ImmediateSqliteDialect } from "./sqlite-dialect.ts";
import { toRefusal } from "./to-refusal.ts";
import { logBytesMax, trimLog } from "./write-ahead-log.ts";

/** How to open an SQLite database. What is too big for it is kept beside it, in the folder `files`. */
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
  /**
   * Whether transactions are brought to the disk beside the event loop. Without, SQLite does it in place, as for single
   * statements: for comparing the two.
   *
   * @default true
   */
  readonly syncsBeside?: boolean;
  /** Learns what is wrong with the disk, as often as that changes; undefined: writes are taken again. */
  readonly onFault?: (sentence: string | undefined) => void;
};

/** How long SQLite itself waits for another process that writes. */
const busyMs = 5000;
/**
 * Files up to this size are looked through for damage before a server starts on them: that takes 2.5 ms a MiB, and whoever
 * waits for an answer waits for it. Larger ones are looked through by `llm-backend check` and with every backup.
 */
const checkedBytesMax = 32 * 1024 * 1024;

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
    const open = () => connect(path, isShared);
    const handle = claims.adopt(new DatabaseHandle({ open, onFault: options.onFault }), (opened) =>
      opened.close(),
    );
    if (options.exclusive === true) refuseDamaged(handle.connection, path);
    const db = new Kysely<Database>({ dialect: new ImmediateSqliteDialect(handle, { isShared }) });
    await migrate(db, options.path);
    if (options.exclusive === true || isShared) settleLog(handle.connection);
    const { syncsBeside = true } = options;
    return createStorage(
      db,
      createDriver(db, { path, handle, isShared, syncsBeside, claims: claims.move() }),
    );
  } catch (error) {
    throw toRefusal(error, options.path);
  }
}

/**
 * Moves what an earlier process has left in the log into the database, as far as nobody reads it, with fsyncs of its own:
 * that process may have died of one that failed, and what is written behind a gap in the log is worth nothing.
 */
function settleLog(connection: SqliteConnection.Database): void {
  connection.pragma("wal_checkpoint(passive)");
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
  owned: {
    path: string;
    handle: DatabaseHandle;
    isShared: boolean;
    syncsBeside: boolean;
    claims: DisposableStack;
  },
): Parameters<typeof createStorage>[1] {
  const { handle, isShared, claims } = owned;
  const relaxed = async <T>(write: () => Promise<T>): Promise<T> => {
    // No fsync for what nobody was promised: a crash of the process still costs nothing of it.
    handle.connection.pragma("synchronous = normal");
    try {
      return await write();
    } finally {
      handle.connection.pragma("synchronous = full");
    }
  };
  const log = claims.use(new LogSync(owned.path));
  log.open();
  const flush = () =>
    log.sync(handle.connection).catch((error: unknown) => {
      throw handle.note(toFsyncFailure(error));
    });
  return {
    files: createFileStore(join(dirname(owned.path), "files")),
    transaction: createGroupCommit(db, { isShared, ...(owned.syncsBeside && { around: relaxed, flush }) }),
    relaxedTransaction: createGroupCommit(db, { isShared, around: relaxed }),
    relaxed,
    fault: () => handle.fault?.sentence,
    trimLog: (bytesMax) =>
      db.connection().execute(() => Promise.resolve(trimLog(handle.connection, bytesMax))),
    async close() {
      await log.settled();
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
    connection.pragma(`journal_size_limit = ${logBytesMax}`);
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
