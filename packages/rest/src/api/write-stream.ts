import type { ServerResponse } from "node:http";

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
  // One timer for the whole stream, moved on by each write: a race for each chunk would cost more than the chunk.
  const pinger =
    ping &&
    setInterval(() => {
      if (!response.writableNeedDrain && !response.destroyed) response.write(ping.text);
    }, ping.intervalMs);
  try {
    for await (const chunk of chunks) {
      if (response.destroyed) return;
      pinger?.refresh();
      if (!response.write(chunk)) await drained(response);
    }
    response.end();
  } finally {
    clearInterval(pinger);
  }
}

/** Resolves when the reader has taken what was written, or is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}
