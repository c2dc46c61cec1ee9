/** Runs pieces of work one after the other, in the order in which they were given. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Creates turns: what would measure each other's load if it went on at the same time takes them. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    // Whoever gave a piece of work learns of its failure; the next one has its turn all the same.
    last = turn.catch(() => {});
    return turn;
  };
}
