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
  const ticks = Number(fields[11]) + Number(fields[12]);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0);
  return { cpuMs: (ticks * 1000) / ticksPerSecond, residentBytes: kib * 1024 };
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

function readChildren(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}
