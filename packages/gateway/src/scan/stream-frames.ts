import type { ScannedKind } from "./scan-progress.ts";

/** How an answer in one piece becomes a stream. */
export type StreamFramesOptions = { readonly kind: ScannedKind; readonly includeUsage: boolean };

/**
 * Makes a stream of a whole chat completion or text completion, `[DONE]` included. Undefined for what is none, and for
 * the Responses API.
 */
export function toStreamFrames(completion: Buffer, options: StreamFramesOptions): Buffer | undefined {
  throw new Error(`not yet: ${completion.length} ${options.kind}`);
}
