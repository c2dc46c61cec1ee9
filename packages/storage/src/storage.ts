import { DomainError } from "@llm-backend/contract";
import type { Kysely } from "kysely";
import type { FileStore } from "./attachment/file-store.ts";
import type { Database } from "./database.ts";
import { createRepositories, openRepositories, type Repositories } from "./repositories.ts";
import { createRunRepository } from "./run/run-repository.ts";
import type { RunSegment } from "./run/run-row.ts";

/** The database of the system. */
export type Storage = Repositories & {
  /** The bytes that are too many for a database. */
  readonly files: FileStore;
  /**
   * Runs `work` in one transaction: all of it is stored when the promise resolves, none of it when it rejects.
   * Inside, use only the repositories that are handed in; never wait for anything but them.
   */
  transaction<T>(work: (repositories: Repositories) => Promise<T>): Promise<T>;
  /**
   * The same for what nobody was promised, without waiting for the disk: it survives the process, and a power cut may
   * take the last of it.
   */
  relaxedTransaction<T>(work: (repositories: Repositories) => Promise<T>): Promise<T>;
  /** Resolves when everything that was written before is on the disk, relaxed or not. */
  sync(): Promise<void>;
  /**
   * Adds to the journals of running runs, all in one write; what belongs to other runs is left out. Survives the
   * process; only a power cut may take the last of it. The same segment again replaces the one before.
   */
  journal(segments: readonly RunSegment[]): Promise<void>;
  /** Throws when the database does not answer, or takes no writes. */
  ping(): Promise<void>;
  /** What keeps it from taking writes, as far as is known; undefined: nothing. */
  readonly fault: () => string | undefined;
  /**
   * Keeps the database's own log small, where it has grown beyond what its use explains; to be called from time to
   * time. Answers with its size in bytes: one that stays large is held by somebody who reads.
   *
   * @param bytesMax - What it may have without being cut. @default 64 MiB
   */
  trimLog(bytesMax?: number): Promise<number>;
  close(): Promise<void>;
};

/** What differs between the databases. */
export type StorageDriver = {
  readonly files: FileStore;
  /** Runs work in a transaction, alone or together with other work. */
  transaction<T>(work: (db: Kysely<Database>) => Promise<T>): Promise<T>;
  /** The same, without waiting for the disk. */
  relaxedTransaction<T>(work: (db: Kysely<Database>) => Promise<T>): Promise<T>;
  /** Runs one write without waiting for the disk. */
  relaxed<T>(write: () => Promise<T>): Promise<T>;
  /** What keeps it from taking writes, as far as it knows. */
  readonly fault?: () => string | undefined;
  readonly trimLog?: (bytesMax?: number) => Promise<number>;
  close(): Promise<void>;
};

// A statement takes a bounded number of parameters.
const segmentsPerStatement = 200;

/** Creates the storage over a database that has the newest schema. */
export function createStorage(db: Kysely<Database>, driver: StorageDriver): Storage {
  return {
    ...createRepositories(db),
    files: driver.files,
    transaction: (work) => driver.transaction((tx) => work(openRepositories(tx))),
    relaxedTransaction: (work) => driver.relaxedTransaction((tx) => work(openRepositories(tx))),
    sync: () => driver.transaction(touch),
    async journal(segments) {
      if (segments.length === 0) return;
      await db
        .connection()
        .execute((connection) => driver.relaxed(() => writeSegments(connection, segments)));
    },
    async ping() {
      // Whether it takes writes again shows only when there is one.
      if (driver.fault?.() !== undefined) await driver.transaction(touch);
      const fault = driver.fault?.();
      if (fault !== undefined) throw new DomainError("storage_unavailable", fault);
      await db.selectFrom("settings").select("key").limit(1).execute();
    },
    fault: () => driver.fault?.(),
    trimLog: (bytesMax) => driver.trimLog?.(bytesMax) ?? Promise.resolve(0),
    close: () => driver.close(),
  };
}

/** Changes nothing, but has to be on the disk: and so has everything before it. */
async function touch(db: Kysely<Database>): Promise<void> {
  await db
    .updateTable("record_totals")
    .set(({ ref }) => ({ records: ref("records") }))
    .execute();
}

function writeSegments(db: Kysely<Database>, segments: readonly RunSegment[]): Promise<void> {
  if (segments.length <= segmentsPerStatement) return createRunRepository(db).insertSegments(segments);
  return db.transaction().execute(async (tx) => {
    const runs = createRunRepository(tx);
    for (let index = 0; index < segments.length; index += segmentsPerStatement) {
      await runs.insertSegments(segments.slice(index, index + segmentsPerStatement));
    }
  });
}
