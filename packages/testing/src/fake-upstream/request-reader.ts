/** The head of a request. */
export type RequestHead = {
  readonly method: string;
  readonly path: string;
  /** Names in lower case; a repeated header's values joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
};

/** A request as it came off the socket. */
export type ReceivedRequest = RequestHead & {
  readonly bodyText: string;
  /** The body as it came, without the chunks it may have come in. */
  readonly bodyBytes: Buffer;
};

/** Cuts the bytes of one connection into requests. */
export type RequestReader = {
  /** Takes what one read brought, gives the requests that are complete with it. */
  read(bytes: Buffer): ReceivedRequest[];
  /** The head of the request whose body is still coming. */
  readonly openHead: RequestHead | undefined;
};

const lineBreak = "\r\n";

/** Takes the bytes of one body, as they come. */
type BodyReader = {
  /** Gives what lies behind the body, once all of it is there. */
  read(bytes: Buffer): Buffer | undefined;
  readonly pieces: readonly Buffer[];
};

function createLengthReader(length: number): BodyReader {
  const pieces: Buffer[] = [];
  let left = length;
  return {
    pieces,
    read(bytes) {
      const taken = Math.min(left, bytes.length);
      pieces.push(bytes.subarray(0, taken));
      left -= taken;
      return left === 0 ? bytes.subarray(taken) : undefined;
    },
  };
}

function createChunkReader(): BodyReader {
  const pieces: Buffer[] = [];
  let pending: Buffer = Buffer.alloc(0);
  /** What is left of the chunk under way; undefined before its size is known. */
  let left: number | undefined;
  let isLast = false;

  function readSize(): boolean {
    const end = pending.indexOf(lineBreak);
    if (end === -1) return false;
    left = Number.parseInt(pending.toString("latin1", 0, end), 16);
    isLast = left === 0;
    pending = pending.subarray(end + lineBreak.length);
    return true;
  }

  /** Takes what there is of a chunk, and the line break behind it. */
  function readData(size: number): boolean {
    const taken = Math.min(size, pending.length);
    if (taken > 0) pieces.push(pending.subarray(0, taken));
    pending = pending.subarray(taken);
    left = size - taken;
    if (left > 0 || pending.length < lineBreak.length) return false;
    pending = pending.subarray(lineBreak.length);
    left = undefined;
    return true;
  }

  return {
    pieces,
    read(bytes) {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
      for (;;) {
        const goesOn = left === undefined ? readSize() : readData(left);
        if (!goesOn) return undefined;
        if (isLast && left === undefined) return pending;
      }
    },
  };
}

function readHead(buffer: Buffer): { head: RequestHead; bodyStart: number } | undefined {
  const end = buffer.indexOf(lineBreak + lineBreak);
  if (end === -1) return undefined;
  const [requestLine = "", ...lines] = buffer.toString("latin1", 0, end).split(lineBreak);
  const [method = "", path = ""] = requestLine.split(" ");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return { head: { method, path, headers }, bodyStart: end + 2 * lineBreak.length };
}

const toBodyReader = ({ headers }: RequestHead): BodyReader =>
  headers["transfer-encoding"] === "chunked"
    ? createChunkReader()
    : createLengthReader(Number(headers["content-length"] ?? 0));

/** Creates the reader of one connection. Its work grows with the bytes, however they are cut. */
export function createRequestReader(): RequestReader {
  let pending: Buffer = Buffer.alloc(0);
  let open: { readonly head: RequestHead; readonly body: BodyReader } | undefined;

  function openRequest(): boolean {
    const read = readHead(pending);
    if (read === undefined) return false;
    open = { head: read.head, body: toBodyReader(read.head) };
    pending = pending.subarray(read.bodyStart);
    return true;
  }

  return {
    get openHead() {
      return open?.head;
    },
    read(bytes) {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
      const requests: ReceivedRequest[] = [];
      while (open !== undefined || openRequest()) {
        if (open === undefined) break;
        const { head, body } = open;
        const rest = body.read(pending);
        pending = rest ?? Buffer.alloc(0);
        if (rest === undefined) break;
        const bodyBytes = Buffer.concat(body.pieces);
        requests.push({ ...head, bodyText: bodyBytes.toString(), bodyBytes });
        open = undefined;
      }
      return requests;
    },
  };
}
