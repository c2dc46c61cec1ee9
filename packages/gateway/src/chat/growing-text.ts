/** Text that grows by small pieces, and is read hardly ever. */
export type GrowingText = {
  add(piece: string): void;
  read(): string;
};

/** So many pieces become one. */
const piecesMax = 128;

/** Creates an empty text. A string that is put together by `+=` keeps each piece, at ten times the size of a token's text. */
export function createGrowingText(): GrowingText {
  const done: string[] = [];
  let pieces: string[] = [];
  return {
    add(piece) {
      if (pieces.push(piece) < piecesMax) return;
      done.push(pieces.join(""));
      pieces = [];
    },
    read: () => done.join("") + pieces.join(""),
  };
}
