import { createHash, randomBytes } from "node:crypto";

const textOpcode = 1;

/** The bytes that ask for a WebSocket. */
export function toUpgrade(host: string, path: string): Buffer {
  return Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
      `sec-websocket-version: 13\r\nsec-websocket-key: ${randomBytes(16).toString("base64")}\r\n\r\n`,
  );
}

/** A text message as a client sends it: masked. */
export function toTextFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  // Any mask will do where no proxy looks on; this one is a different one for every message.
  const mask = createHash("sha1").update(payload).digest().subarray(0, 4);
  for (let index = 0; index < payload.length; index++) {
    payload[index] = (payload[index] as number) ^ (mask[index % 4] as number);
  }
  return Buffer.concat([toFrameHead(payload.length), mask, payload]);
}

function toFrameHead(length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | textOpcode, 0x80 | length]);
  const head = Buffer.from([0x80 | textOpcode, 0x80 | 126, 0, 0]);
  head.writeUInt16BE(length, 2);
  return head;
}

/** What has arrived over a WebSocket. */
export type FramesPrefix = {
  /** Undefined while the answer to the upgrade is not complete; 101 when there is a WebSocket. */
  readonly status: number | undefined;
  /** The text messages that are whole. */
  readonly messages: readonly string[];
};

/** Reads what a server sent, cut at any byte. It sends whole messages, unmasked and uncompressed. */
export function readFrames(bytes: Buffer): FramesPrefix {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) return { status: undefined, messages: [] };
  const messages: string[] = [];
  for (let at = headEnd + 4; ;) {
    const frame = findFrame(bytes, at);
    if (frame === undefined) return { status: Number(bytes.toString("latin1", 9, 12)), messages };
    if (frame.opcode === textOpcode) messages.push(bytes.toString("utf8", frame.start, frame.end));
    at = frame.end;
  }
}

/** Where the payload of a frame lies; undefined when not all of it has arrived. */
function findFrame(
  bytes: Buffer,
  at: number,
): { readonly opcode: number; readonly start: number; readonly end: number } | undefined {
  if (at + 2 > bytes.length) return undefined;
  const short = (bytes[at + 1] as number) & 0x7f;
  const start = at + 2 + (lengthBytes[short] ?? 0);
  if (start > bytes.length) return undefined;
  const end = start + readLength(bytes, at + 2, short);
  return end > bytes.length ? undefined : { opcode: (bytes[at] as number) & 0x0f, start, end };
}

/** What stands in the place of a short length says in how many bytes the length follows. */
const lengthBytes: Readonly<Record<number, number>> = { 126: 2, 127: 8 };

function readLength(bytes: Buffer, at: number, short: number): number {
  if (short === 126) return bytes.readUInt16BE(at);
  return short === 127 ? Number(bytes.readBigUInt64BE(at)) : short;
}
