import type { ServerResponse } from "node:http";
import { ChunkWriter } from "../openai/chunk-writer.ts";

/** How a stream is kept open while nothing is said in it. */
export type StreamPing = { readonly text: string; readonly intervalMs: number };

/**
 * Writes chunks as they come, no faster than the reader takes them; ends quietly when the reader is gone. While the
 * source is silent, and the reader is not behind, the ping is written.
 */
export async function writeStream(
  response: ServerResponse,
  chunks: AsyncIterable<string>,
  ping?: StreamPing,
): Promise<void> {
  let wake = (): void => {};
  const writer = new ChunkWriter(response, () => wake());
  /** Resolves when the reader has taken what was written, or is gone. */
  const drained = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
      response.once("close", resolve);
    }).finally(() => response.off("close", wake));
  // One timer for the whole stream, moved on by each write: a race for each chunk would cost more than the chunk.
  const pinger =
    ping &&
    setInterval(() => {
      if (!writer.isBehind && !response.destroyed) writer.writeText(ping.text);
    }, ping.intervalMs);
  try {
    for await (const chunk of chunks) {
      if (response.destroyed) return;
      pinger?.refresh();
      if (!writer.writeText(chunk)) await drained();
    }
    response.end();
  } finally {
    clearInterval(pinger);
    writer.close();
  }
}
