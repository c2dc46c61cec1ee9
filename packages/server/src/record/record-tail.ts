import { DomainError } from "@llm-backend/contract";
import type { Storage, WrittenRecord } from "@llm-backend/storage";

/** From where, and until when, a follower reads. */
export type TailOptions = {
  /** The place of the last record that the follower saw. */
  readonly after?: number | undefined;
  /** Without a place: begins with so many of the latest. */
  readonly last?: number;
  readonly signal?: AbortSignal | undefined;
};

/** Follows records as they are written. */
export type RecordTail = {
  /** Tells the followers that there is more. */
  wake(): void;
  /**
   * All records behind a place, and then those that are written, until the signal. A follower is a place in the order
   * of writing and nothing else: what it has not taken yet waits in the database.
   *
   * @throws DomainError `rate_limited` when there are too many followers.
   */
  follow(options?: TailOptions): AsyncGenerator<WrittenRecord, void>;
};

const isAborted = ({ signal }: TailOptions) => signal?.aborted === true;

/** What one read returns at most. */
const pageSize = 100;

/** Creates the tail. */
export function createRecordTail(options: {
  storage: Pick<Storage, "records">;
  /** So often it is looked for records that other processes wrote. */
  pollMs: number;
  followersMax: number;
}): RecordTail {
  const { records } = options.storage;
  const sleepers = new Set<() => void>();
  let wakeups = 0;
  let followers = 0;

  /** Sleeps until there may be more than `seen` wake-ups told of. */
  function sleep(seen: number, signal: AbortSignal | undefined): Promise<void> {
    if (wakeups !== seen || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        sleepers.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, options.pollMs).unref();
      sleepers.add(wake);
      signal?.addEventListener("abort", wake);
    });
  }

  async function findStart({ after, last = 0 }: TailOptions): Promise<number> {
    if (after === undefined) return records.findPlace(last);
    // A place that was never given: of another database, or of one that was restored.
    return Math.min(after, await records.findPlace(0));
  }

  async function* read(tail: TailOptions): AsyncGenerator<WrittenRecord, void> {
    let place = await findStart(tail);
    while (!isAborted(tail)) {
      const seen = wakeups;
      const page = await records.listWritten({ after: place, limit: pageSize });
      for (const written of page) {
        if (isAborted(tail)) return;
        place = written.seq;
        yield written;
      }
      if (page.length < pageSize) await sleep(seen, tail.signal);
    }
  }

  return {
    wake() {
      wakeups++;
      for (const wake of sleepers) wake();
    },
    async *follow(tail = {}) {
      if (followers >= options.followersMax) {
        throw new DomainError(
          "rate_limited",
          `At most ${options.followersMax} can follow the records at once.`,
          {
            details: { retryAfterMs: 1000 },
          },
        );
      }
      followers++;
      try {
        yield* read(tail);
      } finally {
        followers--;
      }
    },
  };
}
