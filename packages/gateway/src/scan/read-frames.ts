import { FrameBounds, readFrameLines } from "./frame-lines.ts";
import { parseData } from "./frame-reader.ts";
import type { ScannedPiece } from "./scan-progress.ts";

/** One frame of what a scanner passed on. */
export type PassedFrame = {
  readonly bytes: Buffer;
  /** Undefined for comments and blank lines. */
  readonly data: string | undefined;
  /** The data, parsed; undefined where it is no JSON: `[DONE]`. */
  readonly value: unknown;
};

/** Reads the frames of a piece again, one by one. */
export function* readFrames(piece: ScannedPiece): Generator<PassedFrame> {
  const bounds = new FrameBounds();
  for (const bytes of piece) {
    for (let at = 0; at < bytes.length;) {
      bounds.start(at);
      const found = bounds.find(bytes, at);
      const end = found === -1 ? bytes.length : found;
      const { data } = readFrameLines(bytes, at, end);
      yield {
        bytes: bytes.subarray(at, end),
        data,
        value: data === undefined ? undefined : parseData(data),
      };
      at = end;
    }
  }
}
