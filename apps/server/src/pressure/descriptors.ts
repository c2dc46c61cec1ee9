import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";

/** The descriptors of the process: files and sockets. */
export type Descriptors = Disposable & {
  /** About how many are in use. */
  readonly used: () => number;
  /** How many there may be; infinite where that is not known. */
  readonly max: number;
  /** A connection has come, which may need another one to an upstream. */
  noteConnection(): void;
};

const perConnection = 2;
const restMs = 2_000;
const busyMs = 250;

function readMax(): number {
  try {
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined || soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Begins to count: now and then while there are few, and often when half of them are in use. */
export function watchDescriptors(): Descriptors {
  const max = readMax();
  let counted = 0;
  let connected = 0;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;

  async function count(): Promise<void> {
    const before = connected;
    try {
      counted = (await readdir("/proc/self/fd")).length;
      connected -= before;
    } catch {
      // Without a free descriptor the folder cannot be read: what was counted stands, and so do the connections since.
      counted = Math.max(counted, max);
      connected -= before;
    }
    if (isOver) return;
    timer = setTimeout(() => void count(), counted > max / 2 ? busyMs : restMs).unref();
  }

  if (Number.isFinite(max)) void count();
  return {
    max,
    used: () => counted + connected * perConnection,
    noteConnection() {
      connected++;
    },
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(timer);
    },
  };
}
