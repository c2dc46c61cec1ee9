import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { foldersOfOurs, leaveOutside } from "./bundle-plugins.ts";
import { programFolder, root } from "./program-paths.ts";

/** The program, and what it starts as a process or a thread of its own, by the names that it starts them under. */
const entries = {
  main: "apps/server/dist/main.js",
  "synthesiser-process": "apps/server/dist/speech/synthesiser-process.js",
  "search-worker": "packages/knowledge/dist/search/search-worker.js",
  "reading-main": "packages/knowledge/dist/read/reading-main.js",
  "parent-watch": "packages/knowledge/dist/read/parent-watch.js",
};

/**
 * Makes one program of what the compiler has made of the server and of the packages that it uses: a process that reads
 * a few files starts in half of the time of one that reads two thousand. A program that is there is replaced when
 * the new one is whole.
 *
 * @throws Error where something cannot be bundled.
 */
export async function bundleProgram(): Promise<void> {
  const folder = `${programFolder}.${process.pid}`;
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])),
    platform: "node",
    plugins: [foldersOfOurs(), leaveOutside()],
    onLog(level, log) {
      if (level === "warn") throw new Error(log.message);
    },
  });
  try {
    await build.write({ dir: folder, format: "esm", chunkFileNames: "[name]-[hash].js" });
    const old = `${folder}.old`;
    if (existsSync(programFolder)) renameSync(programFolder, old);
    renameSync(folder, programFolder);
    rmSync(old, { recursive: true, force: true });
  } finally {
    await build.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
