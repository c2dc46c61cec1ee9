/** One line of a proof's outcome: what was measured, what is asked of it, and whether that holds. */
export type Figure = {
  readonly figure: string;
  readonly measured: string;
  /** Empty for what is told, and asks for nothing. */
  readonly asked: string;
  readonly holds: boolean;
};

/** What a proof runs with. */
export type ProofRun = {
  /** How many of the proof's unit. */
  readonly n: number;
  /** Between 0 and 1; the same seed gives the same numbers in the same order. */
  readonly random: () => number;
  /** Shows how far it is. */
  readonly progress: (done: number, what?: string) => void;
};

/** A promise of the system, tried n times against real processes. */
export type Proof = {
  /** What stands behind `npm run prove`. */
  readonly name: string;
  /** What is proven, in one sentence. */
  readonly promise: string;
  /** What n counts. */
  readonly unit: string;
  /** The n of a run that says nothing: it shows that the proof works. */
  readonly few: number;
  /** The n whose figures are worth keeping. */
  readonly many: number;
  /**
   * Runs it.
   *
   * @throws Error when it cannot be carried out; what does not hold is a figure.
   */
  run(given: ProofRun): Promise<readonly Figure[]>;
};
