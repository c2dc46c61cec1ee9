import { pieceSamples } from "./ports.ts";

/** Cuts sound at the engines' rate into pieces of one length. */
export type PieceCutter = {
  push(samples: Int16Array): Buffer[];
  /** The rest, filled up with silence; nothing where there is none. */
  end(): Buffer[];
};

/** A piece in which nothing is heard. */
export const silentPiece = (): Buffer => Buffer.alloc(2 * pieceSamples);

/** Creates it for one sound. */
export function createPieceCutter(): PieceCutter {
  let piece = silentPiece();
  let filled = 0;

  return {
    push(samples) {
      const pieces: Buffer[] = [];
      for (const sample of samples) {
        piece.writeInt16LE(sample, 2 * filled);
        if (++filled < pieceSamples) continue;
        pieces.push(piece);
        piece = silentPiece();
        filled = 0;
      }
      return pieces;
    },
    end() {
      if (filled === 0) return [];
      const last = piece;
      piece = silentPiece();
      filled = 0;
      return [last];
    },
  };
}
