import { constants } from "node:fs";
import { copyFile, link, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FilePlace } from "./file-store.ts";

/** A copy of a folder of files that is being made. */
export type FileCopies = {
  /** Copies those of these files that it does not have yet; gives the number of those that are nowhere. */
  add(files: readonly FilePlace[]): Promise<number>;
  /** Removes all but these, and resolves when what is left is on the disk. */
  finish(files: readonly FilePlace[]): Promise<void>;
};

const folderMode = 0o700;
/** These say that a file cannot be in two places at once: on another disk, or where there is no such thing. */
const linkRefusals = new Set(["EXDEV", "EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/**
 * Begins a copy of a file store's folder, which a server may go on using. Files are never written to once they are named,
 * so that a second name of the same file is as good as its copy, and is preferred.
 */
export function createFileCopies(from: string, to: string): FileCopies {
  const names = new Set<string>();

  async function add(file: FilePlace): Promise<boolean> {
    const { shelf, name } = toPlace(file);
    if (names.has(name)) return true;
    await mkdir(join(to, shelf), { recursive: true, mode: folderMode });
    // It may move to its place between the first two looks.
    const sources = [join(from, shelf, name), join(from, "incoming", file.fileKey), join(from, shelf, name)];
    for (const source of sources) {
      if (!(await linkOrCopy(source, join(to, shelf, name)))) continue;
      names.add(name);
      return true;
    }
    return false;
  }

  return {
    async add(files) {
      let lost = 0;
      for (const file of files) if (!(await add(file))) lost += 1;
      return lost;
    },
    async finish(files) {
      const wanted = new Set(files.map((file) => toPlace(file).name));
      for (const name of names) if (!wanted.has(name)) await rm(join(to, name.slice(0, 2), name));
      for (const folder of [...(await listFolders(to)), to]) await flush(folder);
    },
  };
}

/** Where the store has a file, from its folder on. */
const toPlace = ({ hash, fileKey }: FilePlace) => ({ shelf: hash.slice(0, 2), name: `${hash}.${fileKey}` });

/** Gives a file another name; copies it where it cannot have one. False: it is not there. */
async function linkOrCopy(source: string, target: string): Promise<boolean> {
  try {
    try {
      await link(source, target);
    } catch (error) {
      if (!linkRefusals.has(toCode(error))) throw error;
      await copyFile(source, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      await flush(target);
    }
    return true;
  } catch (error) {
    if (toCode(error) === "ENOENT") return false;
    throw error;
  }
}

async function listFolders(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  } catch (error) {
    if (toCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r").catch((error: unknown) => {
    if (toCode(error) !== "ENOENT") throw error;
  });
  if (handle === undefined) return;
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function toCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
