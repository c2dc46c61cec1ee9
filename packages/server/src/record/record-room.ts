import type { RecordTotals, Repositories, Storage } from "@llm-backend/storage";
import { toIdBound } from "../identity/new-id.ts";

/** Keeps records within the time and the room that they may take. */
export type RecordRoom = {
  /** Learns how much there is; begins to make room where it is too much. */
  noteTotals(totals: RecordTotals): void;
  /** Removes what is too old, and what is too much. */
  sweep(): Promise<void>;
  /** Stops between two steps. */
  close(): Promise<void>;
};

/** What the room stands on. */
export type RecordRoomOptions = {
  readonly storage: Storage;
  readonly keptMs: number;
  readonly bytesMax: number;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
};

/** What one record takes with its attempts and its places in the indexes, about. */
const recordBytes = 700;
/** One step removes so many: a few milliseconds, in which nothing else is served. */
const stepRecords = 200;
/** Room is made for some time, and not for the next record alone. */
const roomShare = 0.95;

/** Creates the room. Everything is removed in small steps, and everybody else comes between two of them. */
export function createRecordRoom(options: RecordRoomOptions): RecordRoom {
  const { storage } = options;
  let isClosed = false;
  let working: Promise<void> | undefined;

  /** Repeats a step until it has nothing more to do. */
  async function repeat(step: (tx: Repositories) => Promise<boolean>): Promise<void> {
    while (!isClosed && (await storage.relaxedTransaction(step))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  function removeOld(tx: Repositories): Promise<boolean> {
    const before = toIdBound("req", options.now() - options.keptMs);
    return removeRecords(tx, before);
  }

  /**
   * Bodies may take half of the room, and so may records: where there are too many of the one, the other is not what
   * has to go.
   */
  async function makeRoom(tx: Repositories): Promise<boolean> {
    const totals = await tx.records.totals();
    const excess = toBytes(totals) - options.bytesMax * roomShare;
    if (excess <= 0) return false;
    if (totals.bodyBytes > options.bytesMax / 2) {
      const freed = await tx.records.deleteOldestBodies({ bytes: excess, limit: stepRecords });
      if (freed > 0) return true;
    }
    return removeRecords(tx);
  }

  /** One after the other: two that remove the same would only wait for each other. */
  function work(job: () => Promise<void>): Promise<void> {
    const done = (working ?? Promise.resolve()).then(job);
    const settled = done
      .catch(() => undefined)
      .finally(() => {
        if (working === settled) working = undefined;
      });
    working = settled;
    return done;
  }

  return {
    noteTotals(totals) {
      if (isClosed || working !== undefined || toBytes(totals) <= options.bytesMax) return;
      work(() => repeat(makeRoom)).catch(options.onError);
    },
    sweep: () =>
      work(async () => {
        await repeat(removeOld);
        if (toBytes(await storage.records.totals()) > options.bytesMax) await repeat(makeRoom);
      }),
    async close() {
      isClosed = true;
      await working;
    },
  };
}

function toBytes(totals: RecordTotals): number {
  return totals.bodyBytes + totals.records * recordBytes;
}

async function removeRecords(tx: Repositories, before?: string): Promise<boolean> {
  return (await tx.records.deleteOldest({ before, limit: stepRecords })) > 0;
}
