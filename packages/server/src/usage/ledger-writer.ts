import type { LedgerEntry, Storage } from "@llm-backend/storage";

/** A line to be written, and what to do with the money that was held for its request. */
export type Settlement = {
  /** Absent where nothing is owed: then only the money is given back. */
  readonly entry: LedgerEntry | undefined;
  readonly reservationId: string | undefined;
};

/** Writes the ledger behind the requests. */
export type LedgerWriter = {
  /** Takes a settlement, to be written soon. Never throws, never waits. */
  add(settlement: Settlement): void;
  /**
   * Writes all that was taken: whoever asks the database afterwards finds it. Never rejects: what could not be written
   * waits for the next time.
   */
  flush(): Promise<void>;
  /** How many lines wait, and how many were given up because too many waited. */
  readonly waiting: number;
  readonly shed: number;
  /** Writes the rest, and ends. */
  close(): Promise<void>;
};

/** What the writer stands on. */
export type LedgerWriterDeps = {
  readonly storage: Storage;
  readonly onInternalError: (error: unknown) => void;
  /** How long a line waits for others, and for the disk. */
  readonly intervalMs: number;
  /** How many wait at most, while the database takes none. */
  readonly waitingMax: number;
};

/** Lines of one transaction; so many that wait are written at once. */
const batchSize = 256;

/**
 * Creates the writer. Lines are written together, in one transaction with the settling of their budgets, so that a
 * crash takes both or neither. A line is given up only while the database has taken none for a long time; one that
 * settles a budget never is.
 *
 * Nobody waits for the disk: it is waited for once in an interval, for all lines that were written in it. A crash of the
 * process costs what was not written yet, and a power cut at most an interval more.
 */
export function createLedgerWriter(deps: LedgerWriterDeps): LedgerWriter {
  let queue: Settlement[] = [];
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;
  let running: Promise<void> | undefined;
  let shed = 0;
  let isSynced = true;

  function schedule(): void {
    timer ??= setTimeout(() => void settle(), deps.intervalMs).unref();
  }

  /** Writes what waits, and has it on the disk. Never rejects. */
  async function settle(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    await flush();
    if (isSynced) return;
    isSynced = true;
    try {
      await deps.storage.sync();
    } catch (error) {
      isSynced = false;
      deps.onInternalError(error);
      schedule();
    }
  }

  /** Writes until nothing waits, or the database refuses. */
  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.slice(0, batchSize);
      try {
        isSynced = false;
        await write(deps.storage, batch);
      } catch (error) {
        deps.onInternalError(error);
        schedule();
        return;
      }
      queue = queue.slice(batch.length);
    }
  }

  async function flush(): Promise<void> {
    clearImmediate(soon);
    soon = undefined;
    // What was added while others are being written is written by the same loop.
    running ??= drain().finally(() => (running = undefined));
    await running;
  }

  return {
    add(settlement) {
      if (queue.length >= deps.waitingMax && settlement.reservationId === undefined) shed++;
      else queue.push(settlement);
      schedule();
      if (queue.length >= batchSize && running === undefined) soon ??= setImmediate(() => void flush());
    },
    flush,
    get waiting() {
      return queue.length;
    },
    get shed() {
      return shed;
    },
    async close() {
      await settle();
      clearTimeout(timer);
    },
  };
}

function write(storage: Storage, batch: readonly Settlement[]): Promise<void> {
  return storage.relaxedTransaction(async (tx) => {
    for (const { reservationId, entry } of batch) {
      if (reservationId !== undefined) await tx.budgets.settle(reservationId, entry?.costNanos ?? 0);
    }
    await tx.ledger.insert(batch.flatMap(({ entry }) => entry ?? []));
  });
}
