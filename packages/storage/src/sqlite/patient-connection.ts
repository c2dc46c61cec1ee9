import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import { readSqliteCode } from "./disk-fault.ts";

type QueryOptions = Parameters<DatabaseConnection["executeQuery"]>[1];

/** How long a statement waits for other processes that write. Whoever holds the file longer is broken. */
const patienceMs = 30_000;
/** A short transaction of another process is over before a timer would have fired. */
const quickTries = 4;

/**
 * Waits for other writers without holding up this process: SQLite's own waiting stops the event loop, and with it all
 * streams, for as long as another process writes.
 *
 * @param sqlite - The connection behind it, with a busy timeout of 0.
 */
export function withPatience(
  connection: DatabaseConnection,
  sqlite: { readonly inTransaction: boolean },
): DatabaseConnection {
  return {
    async executeQuery<TRow>(query: CompiledQuery, options?: QueryOptions): Promise<QueryResult<TRow>> {
      const until = performance.now() + patienceMs;
      for (let tries = 1; ; tries++) {
        try {
          return await connection.executeQuery<TRow>(query, options);
        } catch (error) {
          // Inside a transaction the file is ours: waiting could not help, and asking twice could do harm.
          if (!isBusy(error) || sqlite.inTransaction || performance.now() > until) throw error;
        }
        // Not all at the same beat, or the same one would come too late each time.
        await (tries <= quickTries ? nextTurn() : pause(1 + Math.random()));
      }
    },
    streamQuery: (query, chunkSize, options) => connection.streamQuery(query, chunkSize, options),
  };
}

function isBusy(error: unknown): boolean {
  return readSqliteCode(error).startsWith("SQLITE_BUSY");
}
