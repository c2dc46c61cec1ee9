/** A value of Redis' protocol, version 2. */
export type RespValue = string | number | null | Error | readonly RespValue[];

/** One whole value, and the very bytes that it came in. */
export type RespFrame = { readonly value: RespValue; readonly bytes: Buffer };

type Read = { readonly value: RespValue; readonly end: number };

/** Reads one value that begins at an offset; undefined while it is not all there. */
function readValue(bytes: Buffer, start: number): Read | undefined {
  const lineEnd = bytes.indexOf("\r\n", start);
  if (lineEnd === -1) return undefined;
  const kind = String.fromCharCode(bytes[start] ?? 0);
  const line = bytes.toString("utf8", start + 1, lineEnd);
  const end = lineEnd + 2;
  if (kind === "+") return { value: line, end };
  if (kind === "-") return { value: new Error(line), end };
  if (kind === ":") return { value: Number(line), end };
  if (kind !== "$" && kind !== "*") throw new Error(`This is no RESP2: ${kind}${line}`);
  const length = Number(line);
  if (length < 0) return { value: null, end };
  return kind === "$" ? readText(bytes, { start: end, length }) : readList(bytes, { start: end, length });
}

type Part = { readonly start: number; readonly length: number };

function readText(bytes: Buffer, { start, length }: Part): Read | undefined {
  const end = start + length;
  if (bytes.length < end + 2) return undefined;
  return { value: bytes.toString("utf8", start, end), end: end + 2 };
}

function readList(bytes: Buffer, { start, length }: Part): Read | undefined {
  const items: RespValue[] = [];
  let end = start;
  while (items.length < length) {
    const item = readValue(bytes, end);
    if (item === undefined) return undefined;
    items.push(item.value);
    end = item.end;
  }
  return { value: items, end };
}

/** Creates a reader: takes bytes as they come, and answers with the values that have become whole. */
export function createRespReader(): (bytes: Buffer) => RespFrame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const frames: RespFrame[] = [];
    for (let read = readValue(rest, 0); read !== undefined; read = readValue(rest, 0)) {
      frames.push({ value: read.value, bytes: rest.subarray(0, read.end) });
      rest = rest.subarray(read.end);
      if (rest.length === 0) break;
    }
    return frames;
  };
}

/** A command, as a client sends it. */
export function toCommand(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}
