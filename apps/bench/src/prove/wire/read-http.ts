/** As much of an HTTP answer as has arrived. */
export type HttpPrefix = {
  /** Undefined while the head is not complete. */
  readonly status: number | undefined;
  readonly body: Buffer;
  /** The body has come to its end. */
  readonly isComplete: boolean;
};

const nothing: HttpPrefix = { status: undefined, body: Buffer.alloc(0), isComplete: false };

/** Reads an answer that may be cut at any byte: in its head, in the size of a chunk, in a character. */
export function readHttp(bytes: Buffer): HttpPrefix {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) return nothing;
  const head = bytes.toString("latin1", 0, headEnd).toLowerCase();
  const status = Number(head.slice(9, 12));
  const rest = bytes.subarray(headEnd + 4);
  if (status === 204) return { status, body: nothing.body, isComplete: true };
  if (head.includes("transfer-encoding: chunked")) return { status, ...readChunks(rest) };
  const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? Infinity);
  return { status, body: rest.subarray(0, length), isComplete: rest.length >= length };
}

function readChunks(bytes: Buffer): { body: Buffer; isComplete: boolean } {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return { body: Buffer.concat(chunks), isComplete: false };
    const length = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (length === 0) return { body: Buffer.concat(chunks), isComplete: true };
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
    if (at > bytes.length) return { body: Buffer.concat(chunks), isComplete: false };
  }
}

/** One server-sent event. */
export type SentEvent = { readonly id: string | undefined; readonly event: string; readonly data: string };

/** Reads the events that are whole; what stands behind the last blank line has not arrived. */
export function readSentEvents(body: Buffer): SentEvent[] {
  const end = body.lastIndexOf("\n\n");
  if (end === -1) return [];
  return body
    .toString("utf8", 0, end)
    .split("\n\n")
    .filter((block) => block !== "" && !block.startsWith(":"))
    .map(toSentEvent);
}

function toSentEvent(block: string): SentEvent {
  let id: string | undefined;
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) id = line.slice(4);
    else if (line.startsWith("event: ")) event = line.slice(7);
    else if (line.startsWith("data: ")) data.push(line.slice(6));
  }
  return { id, event, data: data.join("\n") };
}
