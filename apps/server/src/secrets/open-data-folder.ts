import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigError } from "../config/config-error.ts";
import { toFileCode, toFileReason } from "../config/file-reason.ts";

/**
 * Makes the data folder, for its owner only, and makes sure that it can be written. One that exists keeps its rights.
 *
 * @throws ConfigError with one sentence when the folder cannot be had.
 */
export function openDataFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new ConfigError([
      { path: "data", message: `the folder ${folder} cannot be made: ${toFileReason(error)}` },
    ]);
  }
  // Rights alone do not tell: a file system can be read-only, or full.
  const probe = join(folder, `.write-test-${randomUUID()}`);
  try {
    writeFileSync(probe, "", { flag: "wx", mode: 0o600 });
    rmSync(probe);
  } catch (error) {
    const message = `the folder ${folder} cannot be written: ${toFileReason(error)}`;
    throw new ConfigError([{ path: "data", message }]);
  }
}

/** Node's own `recursive` never returns where a folder cannot be made although the one above is there, as in /proc. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const code = toFileCode(error);
    if (code === "EEXIST" && statSync(folder).isDirectory()) return;
    const parent = dirname(folder);
    if (code !== "ENOENT" || parent === folder || isFolder(parent)) throw error;
    makeFolder(parent);
    mkdirSync(folder, { mode: 0o700 });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
