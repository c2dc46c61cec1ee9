import { readFileSync } from "node:fs";

/** What a process has used so far. */
export type ProcessUsage = {
  /** Time of the processor. */
  readonly cpuMs: number;
  /** The most memory that it ever had at a time. */
  readonly rssBytesMax: number;
};

/** Clock ticks per second, which Linux has fixed for what it tells of processes. */
const ticksPerSecond = 100;

/** Reads what a process of this machine has used; undefined where that is not told. */
export function readProcessUsage(pid: number): ProcessUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
    return { cpuMs: (ticks / ticksPerSecond) * 1000, rssBytesMax: peak * 1024 };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
