import { fstatSync, writeSync } from "node:fs";
import type { WriteStream } from "node:tty";

/** Where log lines go. Writing never fails and never waits; what cannot be kept is dropped and counted. */
export type LogDestination = {
  readonly write: (line: string) => void;
  /** How many lines were lost. */
  readonly droppedCount: () => number;
  /** Resolves when everything is written, or when nobody has taken it for a second. */
  readonly flush: () => Promise<void>;
};

const waitingBytesMax = 4_194_304;
const flushMs = 1_000;

/** Writes to standard output, whatever it is: a pipe that is closed or not read, a full disk, a terminal. */
export function createLogDestination(toDropLine: (count: number) => string): LogDestination {
  const write = isFile(process.stdout.fd) ? writeToFile : createStreamWriter(process.stdout);
  let dropped = 0;
  let untold = 0;
  return {
    write(line) {
      const isWritten = (untold === 0 || write(toDropLine(untold))) && write(line);
      dropped += isWritten ? 0 : 1;
      untold = isWritten ? 0 : untold + 1;
    },
    droppedCount: () => dropped,
    flush: () => waitUntilEmpty(process.stdout),
  };
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false;
  }
}

/** Not through the stream: that one is dead after its first error, and a disk that was full need not stay full. */
function writeToFile(line: string): boolean {
  try {
    writeSync(process.stdout.fd, line);
    return true;
  } catch {
    return false;
  }
}

function createStreamWriter(stream: WriteStream): (line: string) => boolean {
  let isBroken = false;
  stream.on("error", () => (isBroken = true));
  return (line) => {
    if (isBroken || stream.writableLength > waitingBytesMax) return false;
    stream.write(line);
    return true;
  };
}

async function waitUntilEmpty(stream: WriteStream): Promise<void> {
  const deadline = performance.now() + flushMs;
  while (stream.writableLength > 0 && !stream.destroyed && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
