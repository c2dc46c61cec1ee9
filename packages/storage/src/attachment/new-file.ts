import { createHash } from "node:crypto";
import { open, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { onDisk } from "./disk-work.ts";

/** What is known of a file whose bytes are on the disk. */
export type SealedFile = {
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly hash: string;
  readonly bytes: number;
};

/** A file that is being written. Disposing of it removes it, unless it was kept. */
export type NewFile = AsyncDisposable & {
  /** Names the file. */
  readonly key: string;
  write(chunk: Uint8Array): Promise<void>;
  /** Reads what was written: fewer bytes than asked for at the end. */
  read(position: number, length: number): Promise<Buffer>;
  /** Resolves when all bytes are on the disk; nothing can be written any more. */
  seal(): Promise<SealedFile>;
  /** From here on somebody else decides what becomes of the file. */
  keep(): void;
};

/** Makes a file that only its owner can read. */
export async function createNewFile(path: string, key: string): Promise<NewFile> {
  const handle = await onDisk(open(path, "wx+", 0o600));
  const hash = createHash("sha256");
  let bytes = 0;
  let isKept = false;
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= handle.close());
  return {
    key,
    async write(chunk) {
      hash.update(chunk);
      await onDisk(writeAll(handle, chunk, bytes));
      bytes += chunk.length;
    },
    async read(position, length) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
      return buffer.subarray(0, bytesRead);
    },
    async seal() {
      await onDisk(handle.sync());
      await close();
      await onDisk(syncFolder(dirname(path)));
      return { hash: hash.digest("hex"), bytes };
    },
    keep() {
      isKept = true;
    },
    async [Symbol.asyncDispose]() {
      await close();
      if (!isKept) await rm(path, { force: true });
    },
  };
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, written, chunk.length - written, position + written);
    written += bytesWritten;
  }
}

/** A name is on the disk when the folder that it stands in is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
