import type { RecordEntry } from "@llm-backend/storage";
import { createShedReport, type Shed } from "./shed-report.ts";

/** How much waits to be written, and how it is written. */
export type RecordWriterLimits = {
  /** An entry waits so long at most. */
  readonly intervalMs: number;
  /** One write takes so many entries at most; so many that wait are written at once. */
  readonly entriesPerWrite: number;
  /** And about so many bytes. */
  readonly bytesPerWrite: number;
  /** Beyond that entries are shed. */
  readonly entriesMax: number;
  /** Beyond that bodies are shed. */
  readonly bytesMax: number;
  /** A write that failed is tried once more, so much later. */
  readonly retryMs: number;
  /** What was shed is told so often at most. */
  readonly reportMs: number;
};

const defaultRecordWriterLimits: RecordWriterLimits = {
  intervalMs: 200,
  entriesPerWrite: 256,
  bytesPerWrite: 1024 * 1024,
  entriesMax: 10_000,
  bytesMax: 32 * 1024 * 1024,
  retryMs: 250,
  reportMs: 60_000,
};

/** What the writer has done since its start, and what waits. */
export type RecordWriterStats = {
  readonly written: number;
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly shedEntries: number;
  readonly shedBodies: number;
};

/** Writes records behind the requests that they tell of. */
export type RecordWriter = {
  /** Takes an entry, or sheds it. Costs next to nothing, and never throws. */
  add(entry: RecordEntry): void;
  /** Writes everything that was added before. */
  flush(): Promise<void>;
  stats(): RecordWriterStats;
  /** Writes what waits, and takes no more. */
  close(): Promise<void>;
};

/** What the writer stands on. */
export type RecordWriterOptions = {
  readonly write: (entries: readonly RecordEntry[]) => Promise<void>;
  /** Learns of what was shed, at most once a minute. */
  readonly onShed: (shed: Shed) => void;
  readonly limits?: Partial<RecordWriterLimits>;
};

/** What an entry takes beside its bodies, about. */
const entryBytes = 1024;
/** After so many failures in a row it is the database, and not the entry. */
const failuresMax = 3;

const getBytes = ({ bodies }: RecordEntry) =>
  bodies === null ? 0 : (bodies.request?.length ?? 0) + (bodies.answer?.length ?? 0);

/** Creates a writer: bounded, in batches, and never in the way of what it writes about. */
export function createRecordWriter(options: RecordWriterOptions): RecordWriter {
  const limits = { ...defaultRecordWriterLimits, ...options.limits };
  const shed = createShedReport({ onShed: options.onShed, intervalMs: limits.reportMs });
  const waiting: RecordEntry[] = [];
  // What is being written counts: it is in memory as well.
  let heldEntries = 0;
  let heldBytes = 0;
  let written = 0;
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;
  let isClosed = false;

  function take(): RecordEntry[] {
    let count = 0;
    let bytes = 0;
    while (count < waiting.length && count < limits.entriesPerWrite && bytes < limits.bytesPerWrite) {
      bytes += getBytes(waiting[count] as RecordEntry);
      count++;
    }
    return waiting.splice(0, count);
  }

  async function writeDue(): Promise<void> {
    // What is added meanwhile waits for the next time, unless it is enough for a write of its own.
    let due = waiting.length;
    while (due > 0 || waiting.length >= limits.entriesPerWrite) {
      const entries = take();
      due -= entries.length;
      await writeTwice(entries);
      heldEntries -= entries.length;
      for (const entry of entries) heldBytes -= getBytes(entry) + entryBytes;
      // A write keeps the event loop for milliseconds: everybody else comes first.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async function writeTwice(entries: readonly RecordEntry[]): Promise<void> {
    try {
      await options.write(entries);
      written += entries.length;
    } catch {
      if (!isClosed) await new Promise((resolve) => setTimeout(resolve, limits.retryMs));
      await writeSingly(entries);
    }
  }

  /** One that cannot be stored must not take the others with it. */
  async function writeSingly(entries: readonly RecordEntry[]): Promise<void> {
    let failures = 0;
    for (const [index, entry] of entries.entries()) {
      try {
        await options.write([entry]);
        written++;
        failures = 0;
      } catch (error) {
        failures++;
        const isHopeless = failures === failuresMax;
        shed.note({ entries: isHopeless ? entries.length - index : 1, bodies: 0, error });
        if (isHopeless) return;
      }
    }
  }

  function run(): Promise<void> {
    clearTimeout(timer);
    clearImmediate(soon);
    timer = undefined;
    soon = undefined;
    writing ??= writeDue().finally(() => {
      writing = undefined;
      if (waiting.length > 0) schedule();
    });
    return writing;
  }

  function schedule(): void {
    // The timer holds no process open: whoever ends one closes the writer.
    timer ??= setTimeout(() => void run(), limits.intervalMs).unref();
    if (waiting.length >= limits.entriesPerWrite && writing === undefined)
      soon ??= setImmediate(() => void run());
  }

  async function flush(): Promise<void> {
    await writing;
    await run();
  }

  return {
    add(entry) {
      if (isClosed || heldEntries >= limits.entriesMax) {
        shed.note({ entries: 1, bodies: 0 });
        return;
      }
      const bytes = getBytes(entry);
      const isTooMuch = bytes > 0 && heldBytes + bytes + entryBytes > limits.bytesMax;
      if (isTooMuch) shed.note({ entries: 0, bodies: 1 });
      waiting.push(isTooMuch ? { ...entry, bodies: null } : entry);
      heldEntries++;
      heldBytes += entryBytes + (isTooMuch ? 0 : bytes);
      schedule();
    },
    flush,
    stats: () => ({
      written,
      waiting: heldEntries,
      waitingBytes: heldBytes,
      shedEntries: shed.totals.entries,
      shedBodies: shed.totals.bodies,
    }),
    async close() {
      isClosed = true;
      await flush();
      clearTimeout(timer);
      shed.close();
    },
  };
}
