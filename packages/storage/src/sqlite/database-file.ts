import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import SqliteConnection from "better-sqlite3";
import { StorageRefusal } from "../storage-refusal.ts";

/**
 * Finds a database file under its real name, and makes it where there is none: an empty database that only its owner
 * can read. It appears at once or not at all, so that an empty file always is one that has lost its data.
 *
 * @throws StorageRefusal for what can be no database; other errors as the file system reports them.
 */
export function findOrCreateDatabase(path: string): string {
  const folder = realpathSync(dirname(path));
  accessSync(folder, constants.W_OK);
  const file = statSync(path, { throwIfNoEntry: false });
  if (file === undefined) {
    const newPath = join(folder, basename(path));
    createDatabase(newPath);
    return newPath;
  }
  if (!file.isFile()) throw new StorageRefusal(`The database ${path} is not a file.`);
  if (file.size === 0) {
    throw new StorageRefusal(
      `The database ${path} is an empty file, which no database ever is: restore a backup, or remove it to begin anew.`,
    );
  }
  accessSync(path, constants.R_OK | constants.W_OK);
  return realpathSync(path);
}

function createDatabase(path: string): void {
  const draft = `${path}.${process.pid}.new`;
  rmSync(draft, { force: true });
  closeSync(openSync(draft, "wx", 0o600));
  try {
    const connection = new SqliteConnection(draft);
    try {
      // Writes the first page, and with it what kind of file this is.
      connection.pragma("journal_mode = wal");
    } finally {
      connection.close();
    }
    publish(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Gives a file its name, if no other process was quicker. */
function publish(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch {
    // Not every file system has links.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) {
      copyFileSync(draft, path, constants.COPYFILE_EXCL);
    }
  }
}
