/** What was not stored, and why where that is known. */
export type Shed = {
  /** Records that are missing. */
  readonly entries: number;
  /** Records without the bodies that they should have. */
  readonly bodies: number;
  /** What the database failed with last. */
  readonly error?: unknown;
};

/** Counts what is shed, and tells of it without a flood. */
export type ShedReport = {
  note(shed: Shed): void;
  /** All since the start. */
  readonly totals: { readonly entries: number; readonly bodies: number };
  /** Tells what has not been told yet. */
  close(): void;
};

/** The first of it is told so soon, together with what follows at once. */
const gatherMs = 1000;

/** Creates a report that is told at most once in `intervalMs`. */
export function createShedReport(options: { onShed: (shed: Shed) => void; intervalMs: number }): ShedReport {
  const totals = { entries: 0, bodies: 0 };
  let untold: { entries: number; bodies: number; error?: unknown } = { entries: 0, bodies: 0 };
  let timer: NodeJS.Timeout | undefined;
  let isQuiet = false;

  function tell(): void {
    clearTimeout(timer);
    timer = undefined;
    isQuiet = false;
    if (untold.entries + untold.bodies === 0) return;
    const shed = untold;
    untold = { entries: 0, bodies: 0 };
    isQuiet = true;
    timer = setTimeout(tell, options.intervalMs).unref();
    options.onShed(shed);
  }

  return {
    totals,
    note(shed) {
      totals.entries += shed.entries;
      totals.bodies += shed.bodies;
      untold.entries += shed.entries;
      untold.bodies += shed.bodies;
      if (shed.error !== undefined) untold.error = shed.error;
      if (!isQuiet) timer ??= setTimeout(tell, gatherMs).unref();
    },
    close() {
      tell();
      clearTimeout(timer);
    },
  };
}
