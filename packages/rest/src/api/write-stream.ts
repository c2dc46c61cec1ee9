import type { ServerResponse } from "node:http";

/**
 * Writes chunks as they come, no faster than the reader takes them. A reader that takes nothing for `stallMs` is cut
 * off: what it has not read is not kept for it, it can come back.
 */
export async function writeStream(
  response: ServerResponse,
  chunks: AsyncIterable<string>,
  options: { stallMs: number },
): Promise<void> {
  for await (const chunk of chunks) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response, options.stallMs);
  }
  response.end();
}

/** Resolves when the reader has taken what was written, or is gone. */
function drained(response: ServerResponse, stallMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), stallMs);
    const done = () => {
      clearTimeout(timer);
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}
