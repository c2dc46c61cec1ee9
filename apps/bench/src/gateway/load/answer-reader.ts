/** Who reads the answers of one connection. */
export type AnswerListener = {
  /** Bytes of a body, good during the call only. */
  readonly onBody: (bytes: Buffer, from: number, to: number) => void;
  /** An answer is complete. */
  readonly onEnd: (status: number) => void;
};

/** Takes what one read brought. */
export type AnswerReader = (bytes: Buffer, length: number) => void;

type State = "head" | "sized" | "size-line" | "chunk" | "chunk-end" | "trailer";

const newLine = 0x0a;
const carriageReturn = 0x0d;

/**
 * Reads HTTP answers off a socket: as little as tells where bodies begin and end, since whoever measures must cost much
 * less than what is measured.
 */
export function createAnswerReader({ onBody, onEnd }: AnswerListener): AnswerReader {
  let state: State = "head";
  let head = "";
  let status = 0;
  /** Bytes that are left of the body, the chunk, or the line end behind it. */
  let left = 0;
  let lineLength = 0;

  function readHead(bytes: Buffer, from: number, length: number): number {
    // Only a head that comes in pieces is looked at more than once.
    const before = head.length;
    head += bytes.toString("latin1", from, Math.min(length, from + 4096));
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) return length;
    status = Number(head.slice(9, 12));
    const size = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (size === undefined && !/\r\ntransfer-encoding: *chunked/i.test(head))
      throw new Error(`An answer without a length: ${head.slice(0, end)}`);
    head = "";
    left = Number(size ?? 0);
    state = size === undefined ? "size-line" : "sized";
    return from + end + 4 - before;
  }

  function finish(): void {
    state = "head";
    onEnd(status);
  }

  function readData(bytes: Buffer, from: number, length: number): number {
    const to = Math.min(length, from + left);
    if (to > from) onBody(bytes, from, to);
    left -= to - from;
    if (left > 0) return to;
    if (state === "sized") finish();
    else {
      state = "chunk-end";
      left = 2;
    }
    return to;
  }

  function readSizeLine(bytes: Buffer, from: number, length: number): number {
    for (let at = from; at < length; at++) {
      const byte = bytes[at] as number;
      if (byte === newLine) {
        state = left === 0 ? "trailer" : "chunk";
        lineLength = 0;
        return at + 1;
      }
      if (byte !== carriageReturn) left = left * 16 + toDigit(byte);
    }
    return length;
  }

  /** Header lines may follow the last chunk; an empty line ends them, and the answer. */
  function readTrailer(bytes: Buffer, from: number, length: number): number {
    for (let at = from; at < length; at++) {
      if (bytes[at] !== newLine) {
        if (bytes[at] !== carriageReturn) lineLength++;
        continue;
      }
      if (lineLength === 0) {
        finish();
        return at + 1;
      }
      lineLength = 0;
    }
    return length;
  }

  function skipLineEnd(from: number, length: number): number {
    const to = Math.min(length, from + left);
    left -= to - from;
    if (left === 0) state = "size-line";
    return to;
  }

  function step(bytes: Buffer, at: number, length: number): number {
    switch (state) {
      case "chunk":
      case "sized":
        return readData(bytes, at, length);
      case "chunk-end":
        return skipLineEnd(at, length);
      case "size-line":
        return readSizeLine(bytes, at, length);
      case "head":
        return readHead(bytes, at, length);
      case "trailer":
        return readTrailer(bytes, at, length);
    }
  }

  return (bytes, length) => {
    for (let at = 0; at < length;) at = step(bytes, at, length);
  };
}

/** The value of a hexadecimal digit, in either case. */
function toDigit(byte: number): number {
  return byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57;
}
