import { readFile } from "node:fs/promises";

/** How much memory a process holds, in bytes; undefined where the system does not tell. */
export async function findResidentBytes(pid: number): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, "latin1");
    const kilobytes = /^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    // No Linux, or the process has just ended.
    return undefined;
  }
}
