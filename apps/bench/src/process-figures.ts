import { readdirSync, readFileSync } from "node:fs";

/** What a process has used so far. */
export type ProcessFigures = { readonly cpuMs: number; readonly residentBytes: number };

/** The unit of times in /proc on every Linux this runs on (USER_HZ). */
const ticksPerSecond = 100;

/**
 * Reads what a process has used, children not included. Linux only.
 *
 * @source https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function readProcess(pid: number): ProcessFigures {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name stands in parentheses and may hold blanks: count from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticksMs = ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0);
  // A thread that has ended stands in the ticks only.
  return { cpuMs: Math.max(ticksMs, readScheduledMs(pid)), residentBytes: kib * 1024 };
}

/** The same time, exact to nanoseconds where the kernel counts it so: a tick is a tenth of a short turn. */
function readScheduledMs(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map(
        (thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]) / 1e6,
      )
      .reduce((sum, ms) => sum + ms, 0);
  } catch {
    return 0;
  }
}

/** The same for a process and everything that it has started. */
export function readProcessTree(pid: number): ProcessFigures {
  const own = readProcess(pid);
  const others = readChildren(pid).map(readProcessTree);
  return {
    cpuMs: others.reduce((sum, { cpuMs }) => sum + cpuMs, own.cpuMs),
    residentBytes: others.reduce((sum, { residentBytes }) => sum + residentBytes, own.residentBytes),
  };
}

/** The processes that a process has started, and that are still there. Linux only. */
export function readChildren(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}
