/** An answer that was followed to an ending. */
export type FollowedStream = {
  readonly conversationId: number;
  readonly message: string;
  readonly text: string;
  readonly end: "done" | "interrupted";
  /** How often its reader lost the connection, or did not get one. */
  readonly reconnects: number;
};

/** What was seen over all restarts; texts name the cases of what must not be. */
export type DrainTally = {
  /** Answers that are being followed now. */
  open: number;
  readonly openAtStop: number[];
  readonly endedMs: number[];
  readonly readyMs: number[];
  readonly streams: FollowedStream[];
  readonly failed: string[];
  readonly badEndings: string[];
  readonly wrong: string[];
  readonly storedOtherwise: string[];
  readonly lostOrDoubled: string[];
  readonly badExits: string[];
};

/** A tally of nothing yet. */
export function createDrainTally(): DrainTally {
  return {
    open: 0,
    openAtStop: [],
    endedMs: [],
    readyMs: [],
    streams: [],
    failed: [],
    badEndings: [],
    wrong: [],
    storedOtherwise: [],
    lostOrDoubled: [],
    badExits: [],
  };
}
