import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import SqliteConnection from "better-sqlite3";
import { createFileCopies, type FileCopies } from "../attachment/copy-files.ts";
import type { FilePlace } from "../attachment/file-store.ts";
import { StorageRefusal } from "../storage-refusal.ts";
import { findSqliteDamage } from "./find-damage.ts";
import { isForeign } from "./foreign-database.ts";
import { toRefusal } from "./to-refusal.ts";

/** What a backup has beside the database. */
export type BackedUpFiles = {
  /** Where the files are; undefined where the database names none. */
  readonly folder: string | undefined;
  readonly count: number;
  /** So many files that the database names are nowhere. */
  readonly lost: number;
};

/**
 * Copies a database as it is at one moment, also while a server writes to it, which goes on meanwhile, and the files that
 * the copy names into a folder of the same name with `.files` behind it. The copy has been looked through for damage, is
 * on the disk, and can be read by its owner only; it appears whole or not at all.
 *
 * @throws StorageRefusal when there is no database of ours, or the copy cannot be made.
 */
export async function backUpSqlite(path: string, target: string): Promise<BackedUpFiles> {
  const folder = `${target}.files`;
  for (const taken of [target, folder]) {
    if (statSync(taken, { throwIfNoEntry: false }) !== undefined)
      throw new StorageRefusal(`${taken} exists already; a backup replaces nothing.`);
  }
  const source = openSource(path);
  const draft = `${target}.${process.pid}.new`;
  const draftFolder = `${draft}.files`;
  const copies = createFileCopies(join(dirname(path), "files"), draftFolder);
  try {
    // All that takes long comes before the database: what is removed after that is still there.
    await copies.add(listFiles(source));
    await copyDatabase(source, { path, draft });
    const files = await copyRest(draft, copies);
    if (existsSync(draftFolder)) renameSync(draftFolder, folder);
    renameSync(draft, target);
    flush(dirname(target));
    return { ...files, folder: existsSync(folder) ? folder : undefined };
  } catch (error) {
    throw toRefusal(error, target);
  } finally {
    source.close();
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(draft + suffix, { force: true });
    rmSync(draftFolder, { recursive: true, force: true });
  }
}

async function copyDatabase(
  source: SqliteConnection.Database,
  { path, draft }: { path: string; draft: string },
): Promise<void> {
  closeSync(openSync(draft, "wx", 0o600));
  // In one step: between two of them others may write, and it would begin anew, for ever on a busy server.
  await source.backup(draft, { progress: ({ totalPages }) => Math.max(1, totalPages) * 2 });
  const [damage] = findSqliteDamage(draft);
  if (damage !== undefined) throw new StorageRefusal(`The database ${path} is damaged: ${damage}.`);
  flush(draft);
}

/** Makes the files those of the copied database: what came meanwhile is added, what it does not name is removed. */
async function copyRest(draft: string, copies: FileCopies): Promise<Pick<BackedUpFiles, "count" | "lost">> {
  const copy = new SqliteConnection(draft, { readonly: true });
  try {
    const files = listFiles(copy);
    const lost = await copies.add(files);
    await copies.finish(files);
    return { count: files.length - lost, lost };
  } finally {
    copy.close();
  }
}

/** The tables that name files. A database from before one of them was added has none of its files. */
const fileTables = ["attachment_blobs", "knowledge_versions"];

function listFiles(connection: SqliteConnection.Database): FilePlace[] {
  const isThere = connection.prepare("select 1 from sqlite_schema where type = 'table' and name = ?");
  return fileTables
    .filter((table) => isThere.get(table) !== undefined)
    .flatMap(
      (table) => connection.prepare(`select hash, file_key as fileKey from ${table}`).all() as FilePlace[],
    );
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
