import type { Readable } from "node:stream";
import { fromBuffer, type Entry, type ZipFile } from "yauzl";
import { UnreadableDocument } from "./unreadable-document.ts";

/** A file that holds files. */
export type PackedFile = {
  has(name: string): boolean;
  /**
   * Unpacks one of them, piece by piece. Empty when it is not there.
   *
   * @throws UnreadableDocument when it unpacks to more than a document has.
   */
  read(name: string): AsyncIterable<Buffer>;
  close(): void;
};

const entriesMax = 10_000;
const unpackedBytesMax = 256 * 1024 * 1024;
// The markup of large tables is packed to a fiftieth. A thousandth is what deflate makes of nothing but zeros.
const ratioMax = 200;
const ratioCountsFromBytes = 4 * 1024 * 1024;

/**
 * Opens a packed file. Only its directory is read.
 *
 * @throws UnreadableDocument when it is damaged, or has more files than a document has.
 */
export async function openPackage(bytes: Uint8Array): Promise<PackedFile> {
  const zip = await openZip(bytes);
  if (zip.entryCount > entriesMax) throw new UnreadableDocument("The document is made of too many parts.");
  const entries = await readDirectory(zip);
  return {
    has: (name) => entries.has(name),
    async *read(name) {
      const entry = entries.get(name);
      if (entry === undefined) return;
      if (entry.isEncrypted()) throw new UnreadableDocument("The document is protected by a password.");
      let unpackedBytes = 0;
      for await (const piece of await openEntry(zip, entry)) {
        const chunk = piece as Buffer;
        unpackedBytes += chunk.length;
        requirePlausible(unpackedBytes, entry.compressedSize);
        yield chunk;
      }
    },
    close: () => zip.close(),
  };
}

function requirePlausible(unpackedBytes: number, packedBytes: number): void {
  const isTooDense = unpackedBytes > ratioCountsFromBytes && unpackedBytes > packedBytes * ratioMax;
  if (!isTooDense && unpackedBytes <= unpackedBytesMax) return;
  throw new UnreadableDocument("The document is far larger when unpacked than a document can be.");
}

function openZip(bytes: Uint8Array): Promise<ZipFile> {
  const options = { lazyEntries: true, autoClose: false };
  return new Promise((resolve, reject) => {
    fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), options, (error, zip) => {
      if (error === null) resolve(zip);
      else reject(toDamaged(error));
    });
  });
}

function readDirectory(zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  return new Promise((resolve, reject) => {
    zip.on("error", (error: Error) => reject(toDamaged(error)));
    zip.on("end", () => resolve(entries));
    zip.on("entry", (entry: Entry) => {
      // Of two with one name, what other programs would show is the first.
      if (!entries.has(entry.fileName)) entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.readEntry();
  });
}

function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error === null) resolve(stream);
      else reject(toDamaged(error));
    });
  });
}

function toDamaged(cause: Error): UnreadableDocument {
  return new UnreadableDocument("The document is damaged: it cannot be unpacked.", { cause });
}
