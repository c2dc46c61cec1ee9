import type { RoundKind } from "./round-kind.ts";

/** What came of all cuts. */
export type CutLog = {
  cuts: number;
  restarts: number;
  readersMax: number;
  readonly byKind: Map<RoundKind, number>;
  /** By the name of the face: where readers were cut. */
  readonly offsets: Map<string, Set<number>>;
  readonly wrong: string[];
  readonly endedTwice: string[];
};

/** A log of nothing yet. */
export function createCutLog(): CutLog {
  return {
    cuts: 0,
    restarts: 0,
    readersMax: 0,
    byKind: new Map(),
    offsets: new Map(),
    wrong: [],
    endedTwice: [],
  };
}
