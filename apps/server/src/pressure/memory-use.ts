import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";

/** How full the memory is, as shares of what the process may have. */
export type MemoryUse = { readonly heap: number; readonly resident: number };

const heapShareMax = 0.8;
/** Of what a container allows; beyond it the kernel ends the process. */
const residentShareMax = 0.9;

/** Megabytes; there are three of them in the heap's limit, and nothing that lives for a while has a place there. */
const semiSpaceDefault = 64;

function readOldBytesMax(): number {
  const flags = process.execArgv.map((flag) => /^--max[-_]semi[-_]space[-_]size=(\d+)$/.exec(flag)?.[1]);
  const semiSpace = Number(flags.findLast((size) => size !== undefined) ?? semiSpaceDefault);
  const { heap_size_limit: max } = getHeapStatistics();
  return Math.max(max - 3 * semiSpace * 1_048_576, max / 4);
}

const oldBytesMax = readOldBytesMax();

/** Reads how full the memory is. What is young counts for nothing: it is gone before it matters. */
export function readMemoryUse(): MemoryUse {
  let oldBytes = 0;
  for (const { space_name: name, space_used_size: used } of getHeapSpaceStatistics()) {
    if (!name.startsWith("new_")) oldBytes += used;
  }
  // Zero, or more than any machine has, where nothing is limited.
  const allowed = process.constrainedMemory();
  const isLimited = allowed > 0 && allowed < 2 ** 50;
  return {
    heap: oldBytes / oldBytesMax,
    resident: isLimited ? process.memoryUsage.rss() / allowed : 0,
  };
}

/** Whether so much is in use that new work could end the process. */
export const isMemoryShort = ({ heap, resident }: MemoryUse): boolean =>
  heap > heapShareMax || resident > residentShareMax;
