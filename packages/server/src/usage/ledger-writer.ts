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
  /** Writes all that was taken. Never rejects: what could not be written waits for the next time. */
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
  /** How long a line waits for others. */
  readonly intervalMs: number;
  /** How many wait at most, while the database takes none. */
  readonly waitingMax: number;
};

/** Lines of one transaction. */
const batchSize = 500;

/**
 * Creates the writer. Lines are written together, in one transaction with the settling of their budgets, so that a
 * crash takes both or neither. A line is given up only while the database has taken none for a long time; one that
 * settles a budget never is.
 */
export function createLedgerWriter(deps: LedgerWriterDeps): LedgerWriter {
  let queue: Settlement[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let shed = 0;

  function schedule(): void {
    timer ??= setTimeout(() => void flush(), deps.intervalMs).unref();
  }

  /** Writes until nothing waits, or the database refuses. */
  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.slice(0, batchSize);
      try {
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
    clearTimeout(timer);
    timer = undefined;
    // What was added while others are being written is written by the same loop.
    running ??= drain().finally(() => (running = undefined));
    await running;
  }

  return {
    add(settlement) {
      if (queue.length >= deps.waitingMax && settlement.reservationId === undefined) shed++;
      else queue.push(settlement);
      schedule();
    },
    flush,
    get waiting() {
      return queue.length;
    },
    get shed() {
      return shed;
    },
    async close() {
      await flush();
      clearTimeout(timer);
    },
  };
}

function write(storage: Storage, batch: readonly Settlement[]): Promise<void> {
  return storage.transaction(async (tx) => {
    for (const { reservationId, entry } of batch) {
      if (reservationId !== undefined) await tx.budgets.settle(reservationId, entry?.costNanos ?? 0);
    }
    await tx.ledger.insert(batch.flatMap(({ entry }) => entry ?? []));
  });
}
