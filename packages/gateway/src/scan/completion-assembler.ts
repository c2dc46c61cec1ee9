import type { ScannedKind, ScannedPiece } from "./scan-progress.ts";

/** Makes one answer of a stream, for a caller who did not ask for one. */
export type CompletionAssembler = {
  /** Takes what the scanner passed on. */
  add(piece: ScannedPiece): void;
  /** The answer in one piece, as JSON; undefined when no frame has come that says what it is. */
  toCompletion(): Buffer | undefined;
};

/** Creates the assembler of one answer. Ask for usage and do not hide it, so that the answer has it. */
export function createCompletionAssembler(kind: ScannedKind): CompletionAssembler {
  throw new Error(`not yet: ${kind}`);
}
