import { setTimeout as delay } from "node:timers/promises";

/** Streams that were opened, until each has ended. */
export type OpenedStreams = { readonly ended: Promise<unknown> };

/**
 * Opens streams spread over a time; resolves when every one of them has told that it is open.
 *
 * @param follow - Opens a stream and follows it to its end.
 */
export async function openEvenly(
  { streams, openMs }: { readonly streams: number; readonly openMs: number },
  follow: (index: number, onOpen: () => void) => Promise<void>,
): Promise<OpenedStreams> {
  const opened: Promise<void>[] = [];
  const ended: Promise<void>[] = [];
  for (let index = 0; index < streams; index++) {
    const open = Promise.withResolvers<void>();
    opened.push(open.promise);
    ended.push(follow(index, open.resolve));
    // Some in each tick of the timer: all at once would measure the accept queue, and nothing else.
    const dueMs = (openMs * (index + 1)) / streams;
    if (Math.floor(dueMs / 10) > Math.floor((dueMs - openMs / streams) / 10)) await delay(10);
  }
  await Promise.all(opened);
  return { ended: Promise.all(ended) };
}
