import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** A chunk of this size is cheaper to copy into one string than to hand over in four pieces. */
const copiedBytesMax = 8 * 1024;

/**
 * Writes the pieces of a response's body, as chunks where the response has them. Node frames each chunk in four pieces
 * and gathers them for a `writev`; here the frame of a small chunk is made in one piece and goes to the socket as it is.
 *
 * @source RFC 9112, section 7.1
 */
export class ChunkWriter {
  readonly #response: ServerResponse;
  readonly #socket: Socket | null;
  readonly #onDrain: () => void;
  /** A pipelined request that waits for the one before it has no socket of its own yet; callers of HTTP/1.0 know no chunks. */
  readonly #isDirect: boolean;
  #hasBegun = false;

  /** For a response whose head has been written. `onDrain` is called when more can be taken. */
  constructor(response: ServerResponse, onDrain: () => void) {
    const { socket } = response;
    this.#response = response;
    this.#socket = socket;
    this.#onDrain = onDrain;
    this.#isDirect = socket !== null && response.chunkedEncoding;
    (socket ?? response).on("drain", onDrain);
  }

  /** The reader has not taken what was written before. */
  get isBehind(): boolean {
    return this.#socket?.writableNeedDrain ?? this.#response.writableNeedDrain;
  }

  /** False: no more until the listener has been called. */
  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (!this.#isDirect || socket === null) return this.#response.write(bytes);
    if (bytes.length === 0 || socket.destroyed) return true;
    if (!this.#hasBegun) return this.#begin(socket, bytes);
    return writeChunk(socket, bytes);
  }

  /**
   * The head goes out with the first chunk, in one `writev` but as a string of its own: as such it is put together
   * once, and the dozens of pieces that Node has made it of do not stay in memory as long as the answer takes.
   */
  #begin(socket: Socket, bytes: Uint8Array): boolean {
    this.#hasBegun = true;
    socket.cork();
    this.#response.flushHeaders();
    const goesOn = writeChunk(socket, bytes);
    socket.uncork();
    return goesOn;
  }

  /** The same for text. */
  writeText(text: string): boolean {
    const socket = this.#socket;
    if (!this.#hasBegun || !this.#isDirect || socket === null) {
      this.#hasBegun = true;
      return this.#response.write(text);
    }
    if (text === "" || socket.destroyed) return true;
    return socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  }

  /** No more is written; the response is ended by whoever owns it. */
  close(): void {
    (this.#socket ?? this.#response).off("drain", this.#onDrain);
  }
}

function writeChunk(socket: Socket, bytes: Uint8Array): boolean {
  return bytes.length <= copiedBytesMax ? writeCopy(socket, bytes) : writePieces(socket, bytes);
}

function writeCopy(socket: Socket, bytes: Uint8Array): boolean {
  const { length } = bytes;
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, length);
  return socket.write(`${length.toString(16)}\r\n${buffer.toString("latin1")}\r\n`, "latin1");
}

function writePieces(socket: Socket, bytes: Uint8Array): boolean {
  socket.cork();
  socket.write(`${bytes.length.toString(16)}\r\n`, "latin1");
  socket.write(bytes);
  const goesOn = socket.write("\r\n", "latin1");
  socket.uncork();
  return goesOn;
}
