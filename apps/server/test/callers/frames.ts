/** One frame of the REST face's chat stream. */
export type Frame = { readonly event: string; readonly data: string };

/** Reads the documented form: JSON objects, a blank line behind each. */
export function readBareFrames(text: string): Frame[] {
  if (text !== "" && !text.endsWith("\n\n")) throw new Error(`A frame is not finished: ${text}`);
  return text
    .split("\n\n")
    .slice(0, -1)
    .map((frame) => JSON.parse(frame) as Frame);
}

/** One server-sent event as its fields say it. */
export type SseEvent = { readonly id: string | undefined; readonly event: string; readonly data: string };

/** Reads whole server-sent events; comments are left out. */
export function readSseEvents(text: string): SseEvent[] {
  return text
    .split("\n\n")
    .filter((block) => block !== "" && !block.startsWith(":"))
    .map(toSseEvent);
}

/** Reads server-sent events as they arrive. */
export async function* followSse(response: Response): AsyncGenerator<SseEvent, void> {
  if (response.body === null) return;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) if (!block.startsWith(":")) yield toSseEvent(block);
  }
}

function toSseEvent(block: string): SseEvent {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const [, name = "", value = ""] = /^([^:]*): ?(.*)$/s.exec(line) ?? [];
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : `${before}\n${value}`);
  }
  return { id: fields.get("id"), event: fields.get("event") ?? "message", data: fields.get("data") ?? "" };
}

/** The text that the pieces of a stream add up to. */
export function toText(frames: readonly Frame[]): string {
  return frames
    .filter(({ event }) => event === "message")
    .map(({ data }) => data)
    .join("");
}
