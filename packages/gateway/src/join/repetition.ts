/** What a piece of a second stream is to a text that was passed on: how much of it repeats that text. */
export type Repetition = {
  /** All of the text has been repeated. */
  readonly isComplete: boolean;
  /** How many UTF-16 units of this piece repeat; -1 when it differs. */
  take(piece: string): number;
};

/** Follows the repetition of a text, unit by unit: halves of surrogate pairs may come in different pieces. */
export function createRepetition(text: string): Repetition {
  let at = 0;
  return {
    get isComplete() {
      return at === text.length;
    },
    take(piece) {
      const count = Math.min(piece.length, text.length - at);
      if (!text.startsWith(count === piece.length ? piece : piece.slice(0, count), at)) return -1;
      at += count;
      return count;
    },
  };
}
