import type { ServerResponse } from "node:http";

/** Writes the pieces of a response's body, as chunks where the response has them. */
export type ChunkWriter = {
  /** False: no more until the listener has been called. */
  write(bytes: Uint8Array): boolean;
  /** The reader has not taken what was written before. */
  readonly isBehind: boolean;
  /** No more is written; the response is ended by whoever owns it. */
  close(): void;
};

/** A chunk of this size is cheaper to copy into one string than to hand over in four pieces. */
const copiedBytesMax = 8 * 1024;

/**
 * Creates the writer of a chunked response whose head has been written. Node frames each chunk in four pieces and
 * gathers them for a `writev`; here the frame of a small chunk is made in one piece and goes to the socket as it is.
 *
 * @source RFC 9112, section 7.1
 */
export function createChunkWriter(response: ServerResponse, onDrain: () => void): ChunkWriter {
  const { socket } = response;
  let hasBegun = false;
  // A pipelined request that waits for the one before it has no socket of its own yet; callers of HTTP/1.0 know no chunks.
  const isDirect = socket !== null && response.chunkedEncoding;
  (socket ?? response).on("drain", onDrain);

  return {
    get isBehind() {
      return socket?.writableNeedDrain ?? response.writableNeedDrain;
    },
    write(bytes) {
      // The first chunk goes the usual way, together with the head.
      if (!hasBegun || !isDirect) {
        hasBegun = true;
        return response.write(bytes);
      }
      if (bytes.length === 0 || socket.destroyed) return true;
      const size = `${bytes.length.toString(16)}\r\n`;
      if (bytes.length <= copiedBytesMax) {
        const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
        return socket.write(`${size}${text}\r\n`, "latin1");
      }
      socket.cork();
      socket.write(size, "latin1");
      socket.write(bytes);
      const goesOn = socket.write("\r\n", "latin1");
      socket.uncork();
      return goesOn;
    },
    close() {
      (socket ?? response).off("drain", onDrain);
    },
  };
}
