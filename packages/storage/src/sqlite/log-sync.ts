import { closeSync, fdatasync, openSync } from "node:fs";

/**
 * Brings SQLite's write-ahead log to the disk beside the event loop: an fsync of SQLite's own stops the loop, with all
 * its streams, for as long as the disk takes.
 *
 * Frames of the log that are on the disk make their transactions durable, whoever asked for the fsync; a checkpoint
 * brings the log to the disk itself before it touches the database.
 *
 * @source https://www.sqlite.org/wal.html and https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export class LogSync implements Disposable {
  readonly #path: string;
  #descriptor: number | undefined;
  #running: Promise<void> | undefined;
  /** Begins when the one that runs has ended: it covers everybody who asked meanwhile. */
  #next: Promise<void> | undefined;
  #failure: { readonly connection: object; readonly error: unknown } | undefined;

  /** @param path of the database, whose log lies beside it. */
  constructor(path: string) {
    this.#path = `${path}-wal`;
  }

  /**
   * Opens the log, if it is there. The system reports a failed write to everybody who has the file open at that time, and
   * to nobody who opens it later: so this comes before anything is written, in case SQLite's own fsync is the one that
   * fails, and is forgiven, as in a checkpoint on the side.
   */
  open(): void {
    try {
      this.#descriptor ??= openSync(this.#path, "r+");
    } catch {
      // The first fsync tries again, and says why it cannot.
    }
  }

  /**
   * Resolves when everything that was committed over the connection before the call is on the disk. Rejects when the
   * disk fails, and from then on for this connection: the system reports what it could not write once, and what comes
   * behind a gap in the log is worth nothing.
   */
  sync(connection: object): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#start(connection);
    const begin = () => {
      this.#next = undefined;
      return this.#start(connection);
    };
    return (this.#next = this.#running.then(begin, begin));
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#running, this.#next]);
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #start(connection: object): Promise<void> {
    this.#running = this.#flush(connection).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #flush(connection: object): Promise<void> {
    if (this.#failure?.connection === connection) throw this.#failure.error;
    try {
      // The same file for as long as anybody has the database open.
      const descriptor = (this.#descriptor ??= openSync(this.#path, "r+"));
      await new Promise<void>((resolve, reject) => {
        fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)));
      });
    } catch (error) {
      this.#failure = { connection, error };
      throw error;
    }
  }
}
