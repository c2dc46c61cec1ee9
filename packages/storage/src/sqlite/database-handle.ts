import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Database as SqliteConnection, Statement } from "better-sqlite3";
import type { SqliteDatabase, SqliteStatement } from "kysely";
import { findDiskFault, readSqliteCode, toBusyFailure, toUnavailable, type DiskFault } from "./disk-fault.ts";
import { trimLog } from "./write-ahead-log.ts";

/** How a handle gets its connections, and who learns how the disk is. */
export type HandleOptions = {
  readonly open: () => SqliteConnection;
  /** Learns what is wrong with the disk when that changes; undefined: it takes writes again. */
  readonly onFault?: ((sentence: string | undefined) => void) | undefined;
};

const statementsMax = 500;
/** A disk that fails is looked at again so often at most: each look stops the event loop for as long as it takes. */
const mendPauseMs = 250;
/** With less room than that, what is written next fails again. */
const roomBytesMin = 1_048_576;

type RunResult = ReturnType<SqliteStatement["run"]>;

/**
 * The connection to a file, over all failures of its disk. Nothing is acknowledged that the disk did not take; what may
 * be read and yet not be on the disk, after an fsync that failed, is written again through a new connection before
 * anything else is; until that succeeds, writes are refused and reads go on.
 */
export class DatabaseHandle implements SqliteDatabase {
  readonly #open: HandleOptions["open"];
  readonly #onFault: NonNullable<HandleOptions["onFault"]>;
  readonly #statements = new Map<string, KeptStatement>();
  #connection: SqliteConnection;
  #fault: DiskFault | undefined;
  /** What the fault was noticed by. */
  #cause: unknown;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor({ open, onFault = () => {} }: HandleOptions) {
    this.#open = open;
    this.#onFault = onFault;
    this.#connection = open();
  }

  /** The connection of this moment: not to be kept. */
  get connection(): SqliteConnection {
    return this.#connection;
  }

  get inTransaction(): boolean {
    return this.#connection.inTransaction;
  }

  /** What is wrong with the disk, as far as is known. */
  get fault(): DiskFault | undefined {
    return this.#fault;
  }

  close(): void {
    this.#connection.close();
  }

  /** Preparing costs more than most of our statements: those that come again are kept. */
  prepare(sql: string): SqliteStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = new KeptStatement(this, sql);
    if (this.#statements.size >= statementsMax) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }

  /**
   * To be called before a write begins.
   *
   * @throws DomainError `storage_unavailable` while the disk fails.
   */
  requireSound(): void {
    if (this.#fault?.isDoubtful !== true || this.inTransaction) return;
    const now = performance.now();
    if (now - this.#triedAt < mendPauseMs) throw toUnavailable(this.#cause);
    this.#triedAt = now;
    try {
      this.#reopen();
      // Whether it is over shows when something has been written.
      this.#fault = { ...this.#fault, isDoubtful: false };
    } catch (error) {
      throw this.note(error);
    }
  }

  /** Notes a failure; answers with what to throw in its place. */
  note(error: unknown): unknown {
    if (readSqliteCode(error).startsWith("SQLITE_BUSY")) return toUnavailable(error);
    const fault = findDiskFault(error);
    if (fault === undefined) return error;
    if (this.#fault?.sentence !== fault.sentence) this.#onFault(fault.sentence);
    // What may be lost is so until it has been written again, whatever else goes wrong meanwhile.
    this.#fault = this.#fault?.isDoubtful === true ? { ...fault, isDoubtful: true } : fault;
    this.#cause = error;
    return toUnavailable(error);
  }

  /** Something was written, and is on the disk where it had to be. */
  noteWritten(): void {
    if (this.#fault === undefined || this.#fault.isDoubtful || this.inTransaction) return;
    if (this.#fault.lacksRoom === true && !hasRoom(this.#connection.name)) return;
    this.#fault = undefined;
    this.#onFault(undefined);
  }

  /**
   * Moves everything out of the log, with an fsync of its own: after one that failed, the next may lie. Where somebody
   * reads the log it stays, and with it what is in doubt: nothing may be written behind that.
   */
  #reopen(): void {
    const fresh = this.#open();
    try {
      if (trimLog(fresh, 0) > 0) throw toBusyFailure();
    } catch (error) {
      fresh.close();
      throw error;
    }
    const failed = this.#connection;
    this.#connection = fresh;
    failed.close();
  }
}

function hasRoom(path: string): boolean {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize >= roomBytesMin;
}

/** Statements that are no work: what they come back with says nothing of the disk. */
const withoutWork = /^\s*(rollback|savepoint|release|begin)\b/i;
const beginning = /^\s*begin\b/i;

/** A statement that outlives the connection it was prepared on. */
class KeptStatement implements SqliteStatement {
  readonly #handle: DatabaseHandle;
  readonly #sql: string;
  readonly #isWork: boolean;
  #connection: SqliteConnection;
  #statement: Statement;

  constructor(handle: DatabaseHandle, sql: string) {
    this.#handle = handle;
    this.#sql = sql;
    this.#connection = handle.connection;
    this.#statement = this.#prepare();
    // Some that write answer with rows, like those that read.
    this.#isWork = this.#statement.reader ? !this.#statement.readonly : !withoutWork.test(sql);
  }

  get reader(): boolean {
    return this.#statement.reader;
  }

  all(parameters: readonly unknown[]): unknown[] {
    if (this.#handle.fault === undefined) return this.#all(parameters);
    return this.#watch(() => this.#all(parameters));
  }

  run(parameters: readonly unknown[]): RunResult {
    if (this.#handle.fault === undefined) return this.#run(parameters);
    return this.#watch(() => this.#run(parameters));
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#current().iterate(parameters);
  }

  /** While the disk fails: a write, or what begins one, waits until nothing is in doubt any more. */
  #watch<TResult>(execute: () => TResult): TResult {
    if (this.#isWork || beginning.test(this.#sql)) this.#handle.requireSound();
    const result = execute();
    if (this.#isWork) this.#handle.noteWritten();
    return result;
  }

  #all(parameters: readonly unknown[]): unknown[] {
    try {
      return this.#current().all(parameters);
    } catch (error) {
      throw this.#handle.note(error);
    }
  }

  #run(parameters: readonly unknown[]): RunResult {
    try {
      return this.#current().run(parameters);
    } catch (error) {
      throw this.#handle.note(error);
    }
  }

  #current(): Statement {
    const { connection } = this.#handle;
    if (this.#connection !== connection) {
      this.#connection = connection;
      this.#statement = this.#prepare();
    }
    return this.#statement;
  }

  #prepare(): Statement {
    try {
      return this.#connection.prepare(this.#sql);
    } catch (error) {
      throw this.#handle.note(error);
    }
  }
}
