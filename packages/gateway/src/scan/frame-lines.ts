const lf = 0x0a;
const cr = 0x0d;
const colon = 0x3a;
const blank = 0x20;

const isLineEnd = (code: number | undefined): boolean => code === lf || code === cr;

/** Finds where frames end: behind the first blank line. A search that found none goes on where it stopped. */
export class FrameBounds {
  #lineStart = 0;
  #at = 0;

  /** Begins a frame at this offset. */
  start(at: number): void {
    this.#lineStart = at;
    this.#at = at;
  }

  /** The offset behind the frame, or -1 when more bytes are needed. Only the last frame may be searched again. */
  find(bytes: Buffer, frameStart: number): number {
    const { length } = bytes;
    let lineStart = this.#lineStart;
    let at = this.#at;
    for (; at < length; at++) {
      const code = bytes[at];
      if (code !== lf && code !== cr) continue;
      // The second half of a CRLF, which may have come with the next read.
      const isSecondHalf = code === lf && at === lineStart && at > frameStart && bytes[at - 1] === cr;
      if (at === lineStart && !isSecondHalf) {
        // Whether a CR is all of a line end, the next byte tells.
        if (code === cr && at + 1 === length) break;
        return code === cr && bytes[at + 1] === lf ? at + 2 : at + 1;
      }
      lineStart = at + 1;
    }
    this.#lineStart = lineStart;
    this.#at = at;
    return -1;
  }
}

/** What the lines of one frame say. */
export type FrameLines = {
  readonly event: string | undefined;
  /** The data, its lines joined; undefined when there is none. */
  readonly data: string | undefined;
  /** Where the data stands, when it is one line; else -1. */
  readonly dataStart: number;
  readonly dataEnd: number;
  /** Data and comments are all that there is. */
  readonly isPlain: boolean;
  /** Nothing but one line of data, or of an event and one of data. */
  readonly isSimple: boolean;
};

type Line = {
  readonly name: string;
  readonly valueStart: number;
  readonly end: number;
  readonly next: number;
};

function readLine(bytes: Buffer, start: number, frameEnd: number): Line {
  let end = start;
  let nameEnd = -1;
  for (; end < frameEnd && !isLineEnd(bytes[end]); end++) {
    if (nameEnd === -1 && bytes[end] === colon) nameEnd = end;
  }
  const next = bytes[end] === cr && end + 1 < frameEnd && bytes[end + 1] === lf ? end + 2 : end + 1;
  if (nameEnd === -1) return { name: toName(bytes, start, end), valueStart: end, end, next };
  const valueStart = nameEnd + 1 < end && bytes[nameEnd + 1] === blank ? nameEnd + 2 : nameEnd + 1;
  return { name: toName(bytes, start, nameEnd), valueStart, end, next };
}

/** Names that are longer than any known one are all the same. */
function toName(bytes: Buffer, start: number, end: number): string {
  return end - start > 5 ? "?" : bytes.toString("latin1", start, end);
}

/** Reads the lines of a whole frame; `start` and `end` are its bounds. */
export function readFrameLines(bytes: Buffer, start: number, end: number): FrameLines {
  let event: string | undefined;
  let data: string | undefined;
  let dataStart = -1;
  let dataEnd = -1;
  let lines = 0;
  let dataLines = 0;
  let others = 0;
  for (let at = start; at < end;) {
    const line = readLine(bytes, at, end);
    if (line.end > at) {
      lines++;
      if (line.name === "data") {
        dataLines++;
        const value = bytes.toString("utf8", line.valueStart, line.end);
        data = data === undefined ? value : `${data}\n${value}`;
        dataStart = dataLines === 1 ? line.valueStart : -1;
        dataEnd = dataLines === 1 ? line.end : -1;
      } else if (line.name === "event") {
        event = bytes.toString("utf8", line.valueStart, line.end) || undefined;
        others++;
      } else if (line.name !== "") others++;
    }
    at = line.next;
  }
  const known = dataLines + (event === undefined ? 0 : 1);
  return {
    event,
    data,
    dataStart,
    dataEnd,
    isPlain: others === 0,
    isSimple: dataLines === 1 && lines === known,
  };
}

/** The frame without its lines that are neither data nor comments; undefined when nothing but blank lines is left. */
export function keepPlainLines(bytes: Buffer, start: number, end: number): Buffer | undefined {
  const kept: Buffer[] = [];
  let lines = 0;
  for (let at = start; at < end;) {
    const line = readLine(bytes, at, end);
    const isBlank = line.end === at;
    const isKept = isBlank || line.name === "data" || line.name === "";
    if (isKept) kept.push(bytes.subarray(at, Math.min(line.next, end)));
    if (isKept && !isBlank) lines++;
    at = line.next;
  }
  return lines === 0 ? undefined : Buffer.concat(kept);
}
