import { setTimeout as pause } from "node:timers/promises";
import { CompiledQuery, type Kysely } from "kysely";
import { LateWrites } from "./late-writes.ts";

/** How transactions are shared. */
export type GroupCommitOptions = {
  /** Other processes write to the same file. @default false */
  readonly isShared?: boolean;
  /** Is handed every shared transaction, to run it while nobody else has the connection. @default it is run as it is */
  readonly around?: (share: () => Promise<void>) => Promise<void>;
  /**
   * Brings to the disk what was committed before it was called. Not waited for before the next transaction begins; what
   * was committed is acknowledged behind it. @default a commit is on the disk when it returns
   */
  readonly flush?: () => Promise<void>;
};

/** A piece of work that is stored whole or not at all. */
type Waiting<TDatabase> = {
  readonly run: (db: Kysely<TDatabase>) => Promise<void>;
  readonly settle: (failure: { readonly error: unknown } | undefined) => void;
};

const statements = {
  begin: CompiledQuery.raw("begin immediate"),
  commit: CompiledQuery.raw("commit"),
  rollback: CompiledQuery.raw("rollback"),
  mark: CompiledQuery.raw("savepoint work"),
  release: CompiledQuery.raw("release work"),
  undo: CompiledQuery.raw("rollback to work"),
} as const;

/** Work of one transaction, and what that failed with as a whole. */
type Ended<TDatabase> = {
  readonly done: readonly Waiting<TDatabase>[];
  readonly failure: { readonly error: unknown } | undefined;
};

/** Work that comes so soon after a commit is not alone: it pays to look around for more before the next one. */
const busyMs = 2;
/** So much work shares one commit at most, so that the first of it does not wait for ever. */
const sharedMax = 64;
/** Where other processes write too, a commit is followed by so long a pause before the next one: their turn. */
const turnMs = 2;

/**
 * Creates `transaction`: work that is asked for at about the same time shares one transaction and one fsync, each
 * behind a savepoint of its own. A promise resolves only when the shared transaction is on the disk; work that fails is
 * undone alone.
 *
 * Where the file is shared with other processes, the lock is never held while waiting for more work, and given up for a
 * moment between two commits: SQLite has no queue, and whoever begins anew at once would keep everybody else out.
 *
 * An fsync takes longer than all the statements of a chat turn: with `flush` it goes on beside them.
 */
export function createGroupCommit<TDatabase>(
  db: Kysely<TDatabase>,
  { isShared = false, around = (share) => share(), flush }: GroupCommitOptions = {},
) {
  const waiting: Waiting<TDatabase>[] = [];
  let isRunning = false;
  let committedAt = Number.NEGATIVE_INFINITY;

  /** Works until nothing waits; what fails is told to whoever asked for it. */
  async function run(): Promise<void> {
    isRunning = true;
    try {
      while (waiting.length > 0) {
        const isBusy = performance.now() - committedAt < busyMs;
        if (isShared && isBusy) await pause(turnMs);
        const shared = await shareTransaction(db, { waiting, around, isBusy: isBusy && !isShared });
        committedAt = performance.now();
        acknowledge(shared, flush);
      }
    } finally {
      isRunning = false;
    }
  }

  return <T>(work: (db: Kysely<TDatabase>) => Promise<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      let result: T;
      waiting.push({
        async run(connection) {
          result = await work(connection);
        },
        settle(failure) {
          if (failure === undefined) resolve(result);
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what the work threw, as it was
          else reject(failure.error);
        },
      });
      if (!isRunning) void run();
    });
}

type Shared<TDatabase> = Required<Pick<GroupCommitOptions, "around">> & {
  readonly waiting: Waiting<TDatabase>[];
  readonly isBusy: boolean;
};

async function shareTransaction<TDatabase>(
  db: Kysely<TDatabase>,
  { waiting, around, isBusy }: Shared<TDatabase>,
): Promise<Ended<TDatabase>> {
  const done: Waiting<TDatabase>[] = [];
  let failure: { error: unknown } | undefined;
  try {
    await db.connection().execute((connection) =>
      around(async () => {
        await connection.executeQuery(statements.begin);
        const late = new LateWrites(connection);
        try {
          while (waiting.length > 0 && done.length < sharedMax) {
            await runNext(connection, { waiting, done, late });
            // Whatever has arrived meanwhile gets its chance to come along.
            if (isBusy && waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          // Outside of all savepoints: the index of texts would write itself out at the end of each.
          await late.finish();
          await connection.executeQuery(statements.commit);
        } catch (error) {
          await rollBack(connection);
          throw error;
        }
      }),
    );
  } catch (error) {
    failure = { error };
    // Without a transaction nothing of what waits can be done either; it must not wait for ever.
    if (done.length === 0) done.push(...waiting.splice(0, 1));
  }
  return { done, failure };
}

/** Tells the work of a transaction how it ended: at once, or when it is on the disk. */
function acknowledge<TDatabase>(
  { done, failure }: Ended<TDatabase>,
  flush: GroupCommitOptions["flush"],
): void {
  const settle = (outcome: Ended<TDatabase>["failure"]) => {
    for (const item of done) item.settle(outcome);
  };
  if (failure !== undefined || flush === undefined) settle(failure);
  else
    flush().then(
      () => settle(undefined),
      (error: unknown) => settle({ error }),
    );
}

type Running<TDatabase> = {
  readonly waiting: Waiting<TDatabase>[];
  readonly done: Waiting<TDatabase>[];
  readonly late: LateWrites;
};

/** Runs one piece of work behind a savepoint; its own failure is its own. */
async function runNext<TDatabase>(
  connection: Kysely<TDatabase>,
  { waiting, done, late }: Running<TDatabase>,
): Promise<void> {
  const item = waiting.shift();
  if (item === undefined) return;
  const lateBefore = late.length;
  try {
    await connection.executeQuery(statements.mark);
    await item.run(connection);
    await connection.executeQuery(statements.release);
    done.push(item);
  } catch (error) {
    item.settle({ error });
    late.undo(lateBefore);
    try {
      await connection.executeQuery(statements.undo);
      await connection.executeQuery(statements.release);
    } catch {
      // The database has given up the whole transaction, on a full disk for one: what was done before failed with it.
      throw error;
    }
  }
}

async function rollBack<TDatabase>(connection: Kysely<TDatabase>): Promise<void> {
  try {
    await connection.executeQuery(statements.rollback);
  } catch {
    // SQLite has rolled back by itself; what it failed with is on its way already.
  }
}
