/** A request as it came off the socket. */
export type ReceivedRequest = {
  readonly method: string;
  readonly path: string;
  /** Names in lower case; a repeated header's values joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyText: string;
};

/** Cuts the bytes of one connection into requests. */
export type RequestReader = {
  /** Takes what one read brought, gives the requests that are complete with it. */
  read(bytes: Buffer): ReceivedRequest[];
};

type Head = Omit<ReceivedRequest, "bodyText"> & { readonly bodyStart: number };

function readHead(buffer: Buffer): Head | undefined {
  const end = buffer.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [requestLine = "", ...lines] = buffer.toString("latin1", 0, end).split("\r\n");
  const [method = "", path = ""] = requestLine.split(" ");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return { method, path, headers, bodyStart: end + 4 };
}

/** Reads a chunked body; undefined while its last chunk has not come. */
function readChunked(buffer: Buffer, from: number): { body: Buffer; end: number } | undefined {
  const pieces: Buffer[] = [];
  let at = from;
  for (;;) {
    const lineEnd = buffer.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(buffer.toString("latin1", at, lineEnd), 16);
    const dataStart = lineEnd + 2;
    if (buffer.length < dataStart + size + 2) return undefined;
    at = dataStart + size + 2;
    if (size === 0) return { body: Buffer.concat(pieces), end: at };
    pieces.push(buffer.subarray(dataStart, dataStart + size));
  }
}

function readBody(buffer: Buffer, head: Head): { body: Buffer; end: number } | undefined {
  if (head.headers["transfer-encoding"] === "chunked") return readChunked(buffer, head.bodyStart);
  const end = head.bodyStart + Number(head.headers["content-length"] ?? 0);
  return buffer.length < end ? undefined : { body: buffer.subarray(head.bodyStart, end), end };
}

/** Creates the reader of one connection. */
export function createRequestReader(): RequestReader {
  let pending: Buffer = Buffer.alloc(0);
  return {
    read(bytes) {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
      const requests: ReceivedRequest[] = [];
      for (;;) {
        const head = readHead(pending);
        const rest = head && readBody(pending, head);
        if (head === undefined || rest === undefined) return requests;
        const { bodyStart: _, ...request } = head;
        requests.push({ ...request, bodyText: rest.body.toString() });
        pending = pending.subarray(rest.end);
      }
    },
  };
}
