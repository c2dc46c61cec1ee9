import SqliteConnection from "better-sqlite3";
import { StorageRefusal } from "../storage-refusal.ts";

/**
 * Claims a database file for this process: runs have one owner, and a second server on the same file would take them
 * for orphans. The claim is a lock of the operating system on a file beside the database, so it ends with the process,
 * however that ends.
 *
 * @throws StorageRefusal while another process holds it.
 */
export function claimDatabase(path: string): Disposable {
  const lock = new SqliteConnection(`${path}.lock`, { timeout: 0 });
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
    throw error;
  }
  return { [Symbol.dispose]: () => lock.close() };
}
