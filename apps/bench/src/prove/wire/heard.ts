/** How an answer ended for a reader; `refused`: it was never begun. */
export type HeardEnd = "done" | "interrupted" | "failed" | "refused";

/** What a reader knows of an answer from the bytes that arrived. */
export type Heard = {
  readonly runId: string | undefined;
  /** Behind which event to go on; undefined: from the beginning. */
  readonly lastEventId: string | undefined;
  readonly text: string;
  /** What came before was void: the text begins anew in these bytes. */
  readonly isReset: boolean;
  /** Undefined: these bytes hold no ending. */
  readonly end: HeardEnd | undefined;
  /** How often an ending was told; more than once is a fault. */
  readonly endings: number;
  /** The whole answer, where the face tells it once more at the end. */
  readonly whole: string | undefined;
  /** What was said instead of an answer, or at a failure. */
  readonly reason: string;
};

/** Nothing arrived. */
export const silence: Heard = {
  runId: undefined,
  lastEventId: undefined,
  text: "",
  isReset: false,
  end: undefined,
  endings: 0,
  whole: undefined,
  reason: "",
};

/** What a reader knows who went on behind what it had heard. */
export function join(before: Heard, after: Heard): Heard {
  return {
    runId: after.runId ?? before.runId,
    lastEventId: after.lastEventId ?? before.lastEventId,
    text: after.isReset ? after.text : before.text + after.text,
    isReset: before.isReset || after.isReset,
    // Whoever has the ending and comes back is told that nothing is left, and not which ending it was.
    end: before.end ?? after.end,
    endings: before.endings + after.endings,
    whole: after.whole ?? before.whole,
    reason: after.reason === "" ? before.reason : after.reason,
  };
}
