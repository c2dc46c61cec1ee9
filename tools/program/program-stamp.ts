import { createHash } from "node:crypto";
import { globSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programFolder, root } from "./program-paths.ts";

const stampFile = join(programFolder, ".stamp");
/** Written by the compiler with whatever else it writes, by the installation, or by hand. */
const sources = ["{apps,packages}/*/dist/.tsbuildinfo", "node_modules/.modules.yaml", "tools/program/*.ts"];

/** Whether the program is the one that would be made now. */
export function isCurrent(): boolean {
  try {
    return readFileSync(stampFile, "utf8") === toStamp();
  } catch {
    return false;
  }
}

/** Keeps of what the program was made. */
export function keepStamp(): void {
  writeFileSync(stampFile, toStamp());
}

function toStamp(): string {
  const hash = createHash("sha256");
  for (const path of globSync(sources, { cwd: root }).toSorted())
    hash.update(`${path}\0${statSync(join(root, path)).mtimeMs}\0`);
  return hash.digest("hex");
}
