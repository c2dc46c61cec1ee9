import { readFile } from "node:fs/promises";

/**
 * The tables by which older fonts for Chinese, Japanese and Korean name their characters. They come with pdf.js, not with the
 * build of it that reads here: without them such text is left out, which has to be noticed.
 */
export type CharacterMaps = {
  /** What pdf.js asks for data that is not in the document. */
  readonly Factory: new () => { fetch(request: DataRequest): Promise<Uint8Array> };
  /** The tables that were asked for and are not there. */
  readonly missing: ReadonlySet<string>;
};

type DataRequest = { readonly kind: string; readonly filename: string };

/** Starts without having been asked. */
export function createCharacterMaps(): CharacterMaps {
  const missing = new Set<string>();
  const folder = findFolder();
  return {
    missing,
    Factory: class {
      async fetch({ kind, filename }: DataRequest): Promise<Uint8Array> {
        const name = /^([\w-]+)\.bcmap$/u.exec(filename)?.[1];
        // Fonts and decoders for pictures are asked for as well; text needs neither.
        if (kind !== "cMapUrl" || name === undefined) throw new Error(`${filename} is not there`);
        try {
          if (folder === undefined) throw new Error("pdfjs-dist is not installed");
          return new Uint8Array(await readFile(new URL(filename, folder)));
        } catch (error) {
          missing.add(name);
          throw error;
        }
      }
    },
  };
}

function findFolder(): URL | undefined {
  try {
    return new URL("cmaps/", import.meta.resolve("pdfjs-dist/package.json"));
  } catch {
    return undefined;
  }
}
