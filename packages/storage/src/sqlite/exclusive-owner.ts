import { closeSync, openSync } from "node:fs";
import SqliteConnection from "better-sqlite3";
import { StorageRefusal } from "../storage-refusal.ts";
import { toRefusal } from "./to-refusal.ts";

/**
 * Claims a database file for this process: runs have one owner, and a second server on the same file would take them
 * for orphans. The claim is a lock of the operating system on a file beside the database, so it ends with the process,
 * however that ends.
 *
 * @throws StorageRefusal while another process holds it, or where the lock's file is none.
 */
export function claimDatabase(path: string): Disposable {
  const lockPath = `${path}.lock`;
  createPrivately(lockPath);
  const lock = new SqliteConnection(lockPath, { timeout: 0 });
  try {
    lock.pragma("locking_mode = EXCLUSIVE");
    lock.exec("begin exclusive");
  } catch (error) {
    lock.close();
    if (error instanceof Error && "code" in error && error.code === "SQLITE_BUSY") {
      throw new StorageRefusal(
        `Another server already uses the database ${path}. Stop it first, or give this one a data folder of its own.`,
      );
    }
    throw toRefusal(error, lockPath);
  }
  return { [Symbol.dispose]: () => lock.close() };
}

/**
 * Makes a file that only its owner can read, if it is not there. One that is there is not even opened: closing it
 * again would end the locks that this process holds on it.
 */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
