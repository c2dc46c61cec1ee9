/** One server-sent event. */
export type SseFrame = {
  readonly id?: string;
  readonly event?: string;
  readonly data: string;
  readonly retryMs?: number;
};

/**
 * Writes one server-sent event. A line break inside `data` becomes a line of its own, as the format demands.
 *
 * @throws RangeError when `id` or `event` holds a line break, which would begin a field of its own, or a NUL.
 * @source https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export function encodeSse(frame: SseFrame): string {
  let text = "";
  if (frame.retryMs !== undefined) text += `retry: ${frame.retryMs}\n`;
  if (frame.id !== undefined) text += `id: ${requireLine(frame.id)}\n`;
  if (frame.event !== undefined) text += `event: ${requireLine(frame.event)}\n`;
  for (const line of frame.data.split(/\r\n|[\r\n]/)) text += `data: ${line}\n`;
  return `${text}\n`;
}

function requireLine(value: string): string {
  if (/[\r\n\0]/.test(value))
    throw new RangeError("The id and the name of an event are one line without a NUL.");
  return value;
}

/** A comment that readers ignore: it keeps silent connections open. */
export const ssePing = ": ping\n\n";
