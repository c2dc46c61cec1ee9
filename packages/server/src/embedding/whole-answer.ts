import type { ForwardSink } from "@llm-backend/gateway";

/** An answer that is read as a whole, and passed on to nobody. */
export type WholeAnswer = {
  readonly sink: ForwardSink;
  /** Undefined while there is none, and where it broke off. */
  readonly read: () => { readonly status: number; readonly body: Buffer } | undefined;
};

/** Collects an answer of so many bytes at most; of a longer one nothing is kept, and `onTooLong` is told, once. */
export function collectAnswer(bytesMax: number, onTooLong: () => void): WholeAnswer {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let status = 0;
  let isWhole = false;
  return {
    sink: {
      head: (given) => void (status = given),
      write(piece) {
        const before = bytes;
        bytes += piece.length;
        if (bytes <= bytesMax) pieces.push(piece);
        else if (before <= bytesMax) {
          pieces.length = 0;
          onTooLong();
        }
        return true;
      },
      // It is never full.
      onDrain: () => undefined,
      end: () => void (isWhole = true),
      cut: () => undefined,
    },
    read: () => (isWhole && bytes <= bytesMax ? { status, body: Buffer.concat(pieces) } : undefined),
  };
}
