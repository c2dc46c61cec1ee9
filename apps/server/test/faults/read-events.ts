/** One event of a stream, as a browser would dispatch it. */
export type StreamEvent = { readonly name: string; readonly data: string };

/** What a whole body is as a stream of events. */
export type EventBody = {
  readonly events: readonly StreamEvent[];
  /** What came after the last empty line: an event that a reader has to throw away. */
  readonly unfinished: string;
  /** The lines that begin with a colon. */
  readonly comments: number;
};

/**
 * Reads a body as the WHATWG's standard says, line by line. It shares no code with what it judges, and it does not have
 * to be fast.
 */
export function readEvents(body: string): EventBody {
  const events: StreamEvent[] = [];
  let comments = 0;
  let name = "";
  let data: string[] = [];
  const lines = body.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  const unfinished = lines.pop() ?? "";
  for (const line of lines) {
    if (line === "") {
      if (data.length > 0) events.push({ name: name === "" ? "message" : name, data: data.join("\n") });
      name = "";
      data = [];
    } else if (line.startsWith(":")) {
      comments++;
    } else {
      const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
      if (field === "data") data.push(value);
      if (field === "event") name = value;
    }
  }
  return { events, comments, unfinished: [...data, unfinished].join("") };
}
