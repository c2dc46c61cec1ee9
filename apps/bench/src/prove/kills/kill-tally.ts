/** What was seen over all kills; texts name the cases of what must not be. */
export type KillTally = {
  acknowledged: number;
  cut: number;
  databaseChecks: number;
  readonly lost: string[];
  readonly doubled: string[];
  readonly wrong: string[];
  readonly stuck: string[];
  readonly astray: string[];
  readonly corrupt: string[];
  /** For each kill: how long before it the oldest text was written that is gone. */
  readonly lostMs: number[];
  /** For each answer that was cut. */
  readonly lostChars: number[];
  /** From the start of the new process until it is ready. */
  readonly readyMs: number[];
};

/** A tally of nothing yet. */
export function createTally(): KillTally {
  return {
    acknowledged: 0,
    cut: 0,
    databaseChecks: 0,
    lost: [],
    doubled: [],
    wrong: [],
    stuck: [],
    astray: [],
    corrupt: [],
    lostMs: [],
    lostChars: [],
    readyMs: [],
  };
}
