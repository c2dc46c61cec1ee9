import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";

/** When, where and on what a figure was measured. */
export type Provenance = {
  /** `2026-11-22` */
  readonly date: string;
  readonly machine: string;
  /** How many processes wanted to run, on average over the minute before: times of a busy machine mean little. */
  readonly load: number;
  /** A `+` behind it: with changes that are not committed. */
  readonly commit: string;
};

/** Reads where this process runs, and from which commit. */
export function readProvenance(now: Date): Provenance {
  const [first] = cpus();
  return {
    date: now.toISOString().slice(0, 10),
    machine: `${cpus().length} × ${first?.model ?? "unknown"}, Node ${process.version}, ${process.platform}`,
    load: loadavg()[0] ?? 0,
    commit: readCommit(),
  };
}

/** One line of it. */
export function renderProvenance({ date, machine, load, commit }: Provenance): string {
  return `${date}, ${machine}, load before ${load.toFixed(1)}, commit ${commit}`;
}

function readCommit(): string {
  try {
    const commit = git("rev-parse", "--short=10", "HEAD");
    return git("status", "--porcelain", "--untracked-files=no") === "" ? commit : `${commit}+`;
  } catch {
    // Unpacked from an archive.
    return "unknown";
  }
}

function git(...args: readonly string[]): string {
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  return execFileSync("git", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
}
