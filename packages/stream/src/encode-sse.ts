/** One server-sent event. */
export type SseFrame = { readonly id?: string; readonly event?: string; readonly data: string; readonly retryMs?: number };

/**
 * Writes one server-sent event. A line feed inside `data` becomes a line of its own, as the format demands;
 * `id` and `event` must not contain any.
 *
 * @source https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export function encodeSse(frame: SseFrame): string {
  let text = "";
  if (frame.retryMs !== undefined) text += `retry: ${frame.retryMs}\n`;
  if (frame.id !== undefined) text += `id: ${frame.id}\n`;
  if (frame.event !== undefined) text += `event: ${frame.event}\n`;
  for (const line of frame.data.split(/\r\n|[\r\n]/)) text += `data: ${line}\n`;
  return `${text}\n`;
}

/** A comment that readers ignore: it keeps silent connections open. */
export const ssePing = ": ping\n\n";
