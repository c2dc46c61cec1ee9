import { DomainError } from "@llm-backend/contract";

/** What is wrong with the disk below a database, in the words of its operator. */
export type DiskFault = {
  readonly sentence: string;
  /** Whether what was written last may be lost although it can be read: the file has to be opened anew. */
  readonly isDoubtful: boolean;
  /** Whether it lasts as long as there is no room, though something small was just written. */
  readonly lacksRoom?: true;
};

const retryAfterMs = 5_000;

/** By the beginnings of SQLite's codes. */
const faults: Readonly<Record<string, DiskFault>> = {
  SQLITE_FULL: { sentence: "the disk is full", isDoubtful: false, lacksRoom: true },
  SQLITE_IOERR: { sentence: "the disk reports an error", isDoubtful: true },
  SQLITE_READONLY: { sentence: "the file may not be written to", isDoubtful: false },
  SQLITE_CANTOPEN: { sentence: "the file cannot be opened", isDoubtful: true },
  SQLITE_CORRUPT: { sentence: "the file is damaged", isDoubtful: false },
  SQLITE_NOTADB: { sentence: "the file is damaged", isDoubtful: false },
};

/** The code of a failure of SQLite's, also below the error that callers are told. */
export function readSqliteCode(error: unknown): string {
  const raw = DomainError.is(error) ? error.cause : error;
  const code = raw instanceof Error && "code" in raw ? String(raw.code) : "";
  return code.startsWith("SQLITE_") ? code : "";
}

/** Finds out whether a failure is the disk's; undefined where the statement is to blame, or another process. */
export function findDiskFault(error: unknown): DiskFault | undefined {
  const code = readSqliteCode(error);
  return Object.entries(faults).find(([prefix]) => code.startsWith(prefix))?.[1];
}

/** What callers are told when nothing can be stored, which they may try again. */
export function toUnavailable(cause: unknown): DomainError {
  return new DomainError("storage_unavailable", undefined, { cause, details: { retryAfterMs } });
}

/** An fsync of our own that failed, as SQLite would name it. */
export function toFsyncFailure(cause: unknown): Error {
  return Object.assign(new Error("The disk did not take what was written.", { cause }), {
    code: "SQLITE_IOERR_FSYNC",
  });
}

/** A log that could not be moved away because somebody uses it, as SQLite would name it. */
export function toBusyFailure(): Error {
  return Object.assign(new Error("The log is in use."), { code: "SQLITE_BUSY" });
}
