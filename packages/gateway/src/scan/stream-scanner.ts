import type { ScanOptions, ScannedPiece, ScanProgress } from "./scan-progress.ts";

/** Watches one stream of events while it passes. */
export type StreamScanner = {
  readonly progress: Readonly<ScanProgress>;
  /** Takes what a read brought, gives what may go to the caller. After an end or a fault it gives nothing. */
  scan(bytes: Buffer): ScannedPiece;
  /** The body has ended as its framing said. */
  end(): ScannedPiece;
};

/**
 * Creates the scanner of one streamed answer. Frames pass byte for byte, except: what is no frame of the kind, and lines
 * other than data and comments (of a chat or completion), are taken out; so is usage when it is hidden; a frame that
 * carries an error is kept back, see `progress.fault`; nothing passes after the end. A body that is one JSON completion
 * becomes a stream when it ends.
 */
export function createStreamScanner(options: ScanOptions): StreamScanner {
  throw new Error(`not yet: ${options.kind}`);
}
