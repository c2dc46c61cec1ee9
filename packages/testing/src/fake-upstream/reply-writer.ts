import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { renderBody } from "./openai-frames.ts";
import type { Reply, Step } from "./reply-steps.ts";

/** Writes one reply to a socket: head, framing, splits. */
export type ReplyWriter = {
  head(): Promise<void>;
  body(bytes: Buffer): Promise<void>;
  wire(bytes: Buffer): Promise<void>;
  /** Ends the body as its framing wants it. */
  end(): Promise<void>;
};

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  204: "No Content",
  400: "Bad Request",
  404: "Not Found",
};

/** Lets the event loop read sockets once, so that two writes are two reads of the other side where TCP allows it. */
export async function turn(): Promise<void> {
  // An immediate that is scheduled while the loop polls runs before it polls again: only the second one has polling before it.
  await setImmediate();
  await setImmediate();
}

function bodyLength(steps: Reply["steps"], model: string): number {
  if (Array.isArray(steps)) return renderBody(steps as readonly Step[], model).length;
  throw new Error("A reply that is driven by hand has no known length.");
}

function toHead(reply: Reply, model: string): Buffer {
  const status = reply.status ?? 200;
  const framing = reply.framing ?? "chunked";
  const headers: Record<string, string | readonly string[] | null> = {
    "content-type": "text/event-stream; charset=utf-8",
    connection: reply.keepAlive === false ? "close" : "keep-alive",
    ...(framing === "chunked" && { "transfer-encoding": "chunked" }),
    ...(framing === "length" && { "content-length": String(bodyLength(reply.steps, model)) }),
    ...reply.headers,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === null
      ? []
      : (Array.isArray(value) ? value : [value]).map((one: string) => `${name}: ${one}\r\n`),
  );
  return Buffer.from(`HTTP/1.1 ${status} ${reasons[status] ?? "Status"}\r\n${lines.join("")}\r\n`, "latin1");
}

/** Cuts bytes that begin at `start` of the body where the reply wants cuts. */
function splitBytes(bytes: Buffer, start: number, splitAt: NonNullable<Reply["splitAt"]>): Buffer[] {
  if (splitAt === "every-byte") return Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
  const cuts = splitAt
    .map((offset) => offset - start)
    .filter((offset) => offset > 0 && offset < bytes.length);
  const edges = [0, ...[...new Set(cuts)].toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
}

/** Where a reply is written to. */
export type ReplyTarget = {
  readonly socket: Socket;
  /** The model that the reply's frames name. */
  readonly model: string;
  /** Learns how many bytes go to the socket. */
  readonly onWrite: (bytes: number) => void;
};

/** Creates the writer of one reply. */
export function createReplyWriter({ socket, model, onWrite }: ReplyTarget, reply: Reply): ReplyWriter {
  const framing = reply.framing ?? "chunked";
  let headWritten = false;
  let offset = 0;

  async function write(bytes: Buffer): Promise<void> {
    if (socket.destroyed || bytes.length === 0) return;
    onWrite(bytes.length);
    if (socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off("drain", done).off("close", done);
        resolve();
      };
      socket.once("drain", done).once("close", done);
    });
  }

  const frame = (bytes: Buffer): Buffer =>
    framing === "chunked"
      ? Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")])
      : bytes;

  const takeHead = (): Buffer => {
    if (headWritten) return Buffer.alloc(0);
    headWritten = true;
    return toHead(reply, model);
  };

  return {
    head: () => write(takeHead()),
    wire: (bytes) => {
      headWritten = true;
      return write(bytes);
    },
    async body(bytes) {
      if (bytes.length === 0) return;
      if (reply.splitAt === undefined) return write(Buffer.concat([takeHead(), frame(bytes)]));
      await write(takeHead());
      const pieces = splitBytes(bytes, offset, reply.splitAt);
      offset += bytes.length;
      for (const piece of pieces) {
        await write(frame(piece));
        await turn();
      }
    },
    end: () => write(Buffer.concat([takeHead(), Buffer.from(framing === "chunked" ? "0\r\n\r\n" : "")])),
  };
}
