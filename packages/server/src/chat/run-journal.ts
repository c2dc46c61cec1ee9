import type { RunSegment } from "@llm-backend/storage";
import type { LiveRun } from "./live-run.ts";
import { readEvents } from "./run-log.ts";

/** Writes what running runs have said, so that a crash costs no more than the last quarter of a second. */
export type RunJournal = {
  /** Notes that a run has said more. */
  noteAppend(live: LiveRun, bytes: number): void;
  /** Forgets a run: its ending is stored, or about to be. Waits for a write of its journal that is under way. */
  release(live: LiveRun): Promise<void>;
  /** Writes what is pending, now. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

/** What the journal stands on. */
export type RunJournalOptions = {
  readonly write: (segments: readonly RunSegment[]) => Promise<void>;
  /** Learns of writes that failed; the text stays pending, and is written with the next. */
  readonly onError: (error: unknown) => void;
  readonly intervalMs: number;
  /** A run that has said more than this is written after `hurryMs`: most answers that come so fast end before. */
  readonly bytesMax: number;
};

/** How long much text waits: a write costs as much as some thousand characters, whether it holds much or little. */
const hurryMs = 50;

/** How far the journal of a run is written, and how much of it waits. */
type Written = { position: number; bytesPending: number };

/**
 * Creates the journal: all runs in one write, at most `intervalMs` after something was said, or `hurryMs` after a run has
 * said more than `bytesMax`. While one write is under way the next one gathers.
 */
export function createRunJournal(options: RunJournalOptions): RunJournal {
  const runs = new Map<LiveRun, Written>();
  const dirty = new Set<LiveRun>();
  let writing: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let hurryTimer: NodeJS.Timeout | undefined;

  async function writeDirty(): Promise<void> {
    const taken: { live: LiveRun; written: Written; end: number }[] = [];
    const segments: RunSegment[] = [];
    for (const live of dirty) {
      const written = runs.get(live);
      if (written === undefined) continue;
      written.bytesPending = 0;
      const events = readEvents(live.log, written.position);
      segments.push({ runId: live.run.id, start: written.position, events: JSON.stringify(events) });
      taken.push({ live, written, end: live.log.end });
    }
    dirty.clear();
    if (segments.length === 0) return;
    try {
      await options.write(segments);
      for (const { written, end } of taken) written.position = end;
    } catch (error) {
      for (const { live } of taken) dirty.add(live);
      options.onError(error);
    }
  }

  function stopWaiting(): void {
    clearTimeout(timer);
    clearTimeout(hurryTimer);
    timer = hurryTimer = undefined;
  }

  function flush(): Promise<void> {
    stopWaiting();
    writing ??= writeDirty().finally(() => {
      writing = undefined;
      if (dirty.size > 0) schedule();
    });
    return writing;
  }

  function schedule(): void {
    timer ??= setTimeout(() => void flush(), options.intervalMs);
  }

  function hurry(): void {
    if (writing === undefined) hurryTimer ??= setTimeout(() => void flush(), hurryMs);
  }

  return {
    noteAppend(live, bytes) {
      let written = runs.get(live);
      if (written === undefined) {
        written = { position: 0, bytesPending: 0 };
        runs.set(live, written);
      }
      written.bytesPending += bytes;
      dirty.add(live);
      if (written.bytesPending >= options.bytesMax) hurry();
      schedule();
    },
    async release(live) {
      runs.delete(live);
      dirty.delete(live);
      await writing;
    },
    flush,
    async close() {
      await flush();
      stopWaiting();
    },
  };
}
