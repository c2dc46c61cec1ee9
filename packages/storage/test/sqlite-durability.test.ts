import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openSqlite } from "../src/index.ts";
import { readTrace, type TracedCall } from "./read-trace.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const script = fileURLToPath(new URL("child-process/acknowledge-settings.ts", import.meta.url));
const hasStrace = (() => {
  try {
    execFileSync("strace", ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const needsStrace = { skip: !hasStrace, meta: { skipReason: "needs strace" } };

/** Lets processes write into one database, and answers with what they asked the system for. */
function trace(path: string, processes: number, mode: "alone" | "shared"): TracedCall[] {
  const output = `${path}.trace`;
  const child = `"${process.execPath}" --conditions=@llm-backend/source "${script}" "${path}" 40 ${mode}`;
  const program = `${`${child} & `.repeat(processes)} wait`;
  const calls = "trace=pwrite64,write,fsync,fdatasync";
  execFileSync("strace", ["-f", "-y", "-s", "24", "-e", calls, "-o", output, "sh", "-c", program]);
  return readTrace(readFileSync(output, "utf8"));
}

const isSync = ({ name }: TracedCall) => name === "fsync" || name === "fdatasync";

/** What was acknowledged before all that its process had written into the log was on the disk. */
function findBroken(calls: readonly TracedCall[], log: string) {
  const syncs = calls.filter((call) => isSync(call) && call.path === log);
  const acknowledged = calls.filter(({ name, text }) => name === "write" && text.includes("acknowledged"));
  const broken = acknowledged.filter(({ thread, begin }) => {
    const written = calls.findLast(
      (call) => call.thread === thread && call.name === "pwrite64" && call.path === log && call.end < begin,
    );
    return !syncs.some((sync) => sync.begin > (written?.end ?? -1) && sync.end < begin);
  });
  return { acknowledged: acknowledged.length, broken };
}

/** What was moved from the log into the database before the log was on the disk. */
function findMovedEarly(calls: readonly TracedCall[], path: string) {
  const moved = calls.filter((call) => call.name === "pwrite64" && call.path === path);
  const early = moved.filter(({ thread, begin }) => {
    // All of one checkpoint stands behind one sync of the log, by whoever makes it.
    const synced = calls.findLast(
      (call) => call.thread === thread && isSync(call) && call.path === `${path}-wal` && call.end < begin,
    );
    return (
      synced === undefined ||
      calls.some(
        (call) =>
          call.thread === thread &&
          call.name === "pwrite64" &&
          call.path === `${path}-wal` &&
          call.begin > synced.end &&
          call.end < begin,
      )
    );
  });
  return { moved: moved.length, early };
}

it.each([
  { mode: "alone", processes: 1 },
  { mode: "shared", processes: 2 },
] as const)(
  "acknowledges nothing before it is on the disk, and moves nothing into the database before that: $mode [P07]",
  { timeout: 60_000, ...needsStrace },
  ({ mode, processes }) => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    const calls = trace(path, processes, mode);
    const { acknowledged, broken } = findBroken(calls, `${path}-wal`);
    expect(acknowledged).toBe(processes * 40);
    expect(broken).toEqual([]);
    const { moved, early } = findMovedEarly(calls, path);
    expect(moved).toBeGreaterThan(5);
    expect(early).toEqual([]);
  },
);

it.each(["exclusive", "shared"] as const)(
  "begins with everything in the database that an earlier process has left in the log: %s [P07]",
  async (mode) => {
    using folder = createTemporaryFolder();
    const path = join(folder.path, "a.db");
    const earlier = await openSqlite({ path });
    await earlier.settings.put("master_key_check", "left");
    const server = await openSqlite({ path, [mode]: true });
    const copy = join(folder.path, "without-log.db");
    copyFileSync(path, copy);
    await server.close();
    await earlier.close();
    const found = await openSqlite({ path: copy });
    expect(await found.settings.find("master_key_check")).toBe("left");
    await found.close();
  },
);
