import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import SqliteConnection from "better-sqlite3";
import { StorageRefusal } from "../storage-refusal.ts";
import { findSqliteDamage } from "./find-damage.ts";
import { isForeign } from "./foreign-database.ts";
import { toRefusal } from "./to-refusal.ts";

/**
 * Copies a database as it is at one moment, also while a server writes to it, which goes on meanwhile. The copy has been
 * looked through for damage, is on the disk, and can be read by its owner only; it appears whole or not at all.
 *
 * @throws StorageRefusal when there is no database of ours, or the copy cannot be made.
 */
export async function backUpSqlite(path: string, target: string): Promise<void> {
  if (statSync(target, { throwIfNoEntry: false }) !== undefined)
    throw new StorageRefusal(`${target} exists already; a backup replaces nothing.`);
  const source = openSource(path);
  const draft = `${target}.${process.pid}.new`;
  try {
    closeSync(openSync(draft, "wx", 0o600));
    // In one step: between two of them others may write, and it would begin anew, for ever on a busy server.
    await source.backup(draft, { progress: ({ totalPages }) => Math.max(1, totalPages) * 2 });
    const [damage] = findSqliteDamage(draft);
    if (damage !== undefined) throw new StorageRefusal(`The database ${path} is damaged: ${damage}.`);
    flush(draft);
    renameSync(draft, target);
    flush(dirname(target));
  } catch (error) {
    throw toRefusal(error, target);
  } finally {
    source.close();
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(draft + suffix, { force: true });
  }
}

function openSource(path: string): SqliteConnection.Database {
  try {
    const source = new SqliteConnection(path, { readonly: true, fileMustExist: true });
    if (!isForeign(source)) return source;
    source.close();
    throw new StorageRefusal(`The database ${path} belongs to another program.`);
  } catch (error) {
    throw toRefusal(error, path);
  }
}

function flush(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
