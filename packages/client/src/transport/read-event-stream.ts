/** One server-sent event. */
export type ServerSentEvent = {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
};

/**
 * Reads server-sent events. What is cut off in the middle is no event: it is not yielded.
 *
 * @source https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* readEventStream(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void> {
  const decoder = new TextDecoder();
  const parser = createParser();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const event = parser(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (event !== undefined) yield event;
    }
  }
}

/** Takes line after line; a blank one completes an event. */
function createParser(): (line: string) => ServerSentEvent | undefined {
  let event = "";
  let data: string[] = [];
  let id: string | undefined;
  return (line) => {
    if (line === "") {
      const complete =
        data.length === 0 ? undefined : { event: event || "message", data: data.join("\n"), id };
      event = "";
      data = [];
      id = undefined;
      return complete;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const text = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") event = text;
    else if (field === "data") data.push(text);
    else if (field === "id") id = text;
    return undefined;
  };
}
