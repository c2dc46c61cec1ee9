import { createRequire } from "node:module";
import { relative } from "node:path";
import type { Plugin } from "rolldown";
import { programFolder, root } from "./program-paths.ts";

/** Has native code, and finds it from where it lies. */
const native = /^(better-sqlite3|@node-rs\/[\w-]+)$/;
/** Speeds `ws` up where somebody has installed it. */
const optional = /^(bufferutil|utf-8-validate)$/;

/** Leaves what cannot be bundled where it is, and imports it from there. */
export function leaveOutside(): Plugin {
  return {
    name: "leave-outside",
    resolveId: {
      filter: { id: [native, optional] },
      handler(source, importer = root) {
        if (optional.test(source)) return { id: source, external: true };
        return { id: toPath(source, importer), external: true };
      },
    },
  };
}

/** Modules of ours that find something from where they lie, and find it from the program, too. */
const finders = new Set([
  // Beside or above the program's own folder.
  "apps/server/dist/main.js",
  "apps/server/dist/version.js",
  "apps/server/dist/speech/open-speech.js",
  // Entries.
  "apps/server/dist/speech/synthesiser-process-handle.js",
  "packages/knowledge/dist/read/reading-main.js",
  "packages/knowledge/dist/read/reading-process.js",
  "packages/knowledge/dist/search/create-knowledge-search.js",
]);

/** Mends what modules of ours find from where they lie; one that nobody has thought of ends the build. */
export function foldersOfOurs(): Plugin {
  return {
    name: "folders-of-ours",
    transform: {
      filter: { id: /\/(apps|packages)\/[\w-]+\/dist\//, code: "import.meta." },
      handler(code, id) {
        const path = relative(root, id);
        // A package that only another one depends on.
        const mended = code.replaceAll(
          /import\.meta\.resolve\("(pdfjs-dist\/[^"]+)"\)/g,
          (_, name: string) => `new URL(${JSON.stringify(toPath(name, id))}, import.meta.url)`,
        );
        if (mended === code && !finders.has(path))
          this.error(
            `${path} uses import.meta: tools/program has to know what becomes of that in the program.`,
          );
        return { code: mended, map: null };
      },
    },
  };
}

/** Where a file of a package lies, from the program's folder. */
function toPath(name: string, importer: string): string {
  return relative(programFolder, createRequire(importer).resolve(name));
}
