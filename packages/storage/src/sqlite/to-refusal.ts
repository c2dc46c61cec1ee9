import { DomainError } from "@llm-backend/contract";
import SqliteConnection from "better-sqlite3";
import { StorageRefusal } from "../storage-refusal.ts";

/** What the codes of SQLite, and of the file system, mean to an operator. */
const sentences: Readonly<Record<string, string>> = {
  SQLITE_NOTADB: "is not an SQLite database",
  SQLITE_CORRUPT: "is damaged; restore a backup",
  SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and may be written to",
  SQLITE_READONLY: "may not be written to",
  SQLITE_PERM: "may not be opened",
  SQLITE_BUSY: "is locked by another program",
  SQLITE_FULL: "cannot be written: the disk is full",
  SQLITE_IOERR: "cannot be read or written: the disk reports an error",
  EACCES: "may not be read and written by this user",
  EPERM: "may not be read and written by this user",
  EROFS: "lies on a disk that may not be written to",
  ENOSPC: "cannot be written: the disk is full",
  EEXIST: "cannot be made: something else has its name",
  ENOENT: "cannot be made: its folder does not exist",
  ENOTDIR: "cannot be made: its folder is a file",
};

/** Explains a failure to open a database in one sentence; whatever has no explanation stays as it is. */
export function toRefusal(thrown: unknown, path: string): unknown {
  // What callers of a server would be told says less.
  const error = DomainError.is(thrown) ? thrown.cause : thrown;
  if (error instanceof StorageRefusal || !(error instanceof Error) || !("code" in error)) return error;
  const code = String(error.code);
  const known = Object.entries(sentences).find(([prefix]) => code.startsWith(prefix))?.[1];
  const sentence =
    known ?? (error instanceof SqliteConnection.SqliteError ? `cannot be used: ${error.message}` : undefined);
  return sentence === undefined
    ? error
    : new StorageRefusal(`The database ${path} ${sentence}.`, { cause: error });
}
