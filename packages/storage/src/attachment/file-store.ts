import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { onDisk } from "./disk-work.ts";
import { createNewFile, type NewFile } from "./new-file.ts";

export type { NewFile, SealedFile } from "./new-file.ts";

/** Which file holds a content. */
export type FilePlace = {
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly hash: string;
  /** Names the file among all that ever had this content. */
  readonly fileKey: string;
};

/**
 * Files in a folder of the server's own. A file arrives in `incoming`, and moves to its place once the row that names it
 * is stored: whatever a crash leaves over is in `incoming`, and is the only thing that has to be looked through. No two
 * files ever have the same name, so that one which is removed is never one that has just come.
 */
export type FileStore = {
  /** Begins a file. */
  create(): Promise<NewFile>;
  /** Moves a file to its place; to be called when the row that names it is stored. */
  settle(file: FilePlace): Promise<void>;
  /** Opens a file for reading; undefined where it is gone. To be closed by the caller. */
  open(file: FilePlace): Promise<FileHandle | undefined>;
  /** Where a file is, for another process that reads it; undefined where it is gone. It has to be at its place. */
  locate(file: FilePlace): Promise<string | undefined>;
  /** Moves a file back to where it came from: its row is about to go. It can still be opened. */
  recall(file: FilePlace): Promise<void>;
  /** Removes a file, if it is there. */
  remove(file: FilePlace): Promise<void>;
  /**
   * Looks through what has arrived and was not written to since `before` (Unix milliseconds): a file with a row goes to
   * its place, one without is removed.
   */
  tidy(before: number, findRow: (fileKey: string) => Promise<FilePlace | undefined>): Promise<void>;
};

const folderMode = 0o700;

/** Creates the store; its folder is made with the first file. */
export function createFileStore(folder: string): FileStore {
  const incoming = join(folder, "incoming");
  const toShelf = ({ hash }: FilePlace) => join(folder, hash.slice(0, 2));
  const toPath = (file: FilePlace) => join(toShelf(file), `${file.hash}.${file.fileKey}`);
  const toArrival = ({ fileKey }: Pick<FilePlace, "fileKey">) => join(incoming, fileKey);

  const settle: FileStore["settle"] = async (file) => {
    await onDisk(mkdir(toShelf(file), { recursive: true, mode: folderMode }));
    await onDisk(unlessAbsent(rename(toArrival(file), toPath(file))));
  };

  return {
    settle,
    async create() {
      await onDisk(mkdir(incoming, { recursive: true, mode: folderMode }));
      const key = randomBytes(12).toString("hex");
      return createNewFile(toArrival({ fileKey: key }), key);
    },
    async recall(file) {
      await unlessAbsent(rename(toPath(file), toArrival(file)));
    },
    async open(file) {
      // It may move to its place between the first two looks.
      for (const path of [toPath(file), toArrival(file), toPath(file)]) {
        const handle = await unlessAbsent(open(path, "r"));
        if (handle !== undefined) return handle;
      }
      return undefined;
    },
    async locate(file) {
      const stats = await unlessAbsent(stat(toPath(file)));
      return stats && toPath(file);
    },
    async remove(file) {
      await rm(toArrival(file), { force: true });
      await rm(toPath(file), { force: true });
    },
    async tidy(before, findRow) {
      for (const fileKey of (await unlessAbsent(readdir(incoming))) ?? []) {
        const arrival = toArrival({ fileKey });
        const stats = await unlessAbsent(stat(arrival));
        if (stats === undefined || stats.mtimeMs >= before) continue;
        const row = await findRow(fileKey);
        if (row === undefined) await rm(arrival, { force: true });
        else await settle(row);
      }
    },
  };
}

async function unlessAbsent<TResult>(work: Promise<TResult>): Promise<TResult | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
