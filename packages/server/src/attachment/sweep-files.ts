import type { FilePlace, Storage } from "@llm-backend/storage";

const hourMs = 3_600_000;
/** How long a file that was brought may wait for its message. */
const waitingMs = 24 * hourMs;
/** Nobody writes to a file any more that was not written to for so long. */
const idleMs = hourMs;
const filesPerStep = 500;
const contentsPerStep = 100;

/**
 * Removes files that were never sent, contents that have become nobody's, and what a crash has left over.
 *
 * @throws the signal's reason, between two steps, once it is aborted.
 */
export async function sweepFiles(storage: Storage, now: number, signal?: AbortSignal): Promise<void> {
  let removed: number;
  do {
    signal?.throwIfAborted();
    removed = await storage.transaction((tx) => tx.attachments.deleteWaiting(now - waitingMs, filesPerStep));
  } while (removed === filesPerStep);
  do signal?.throwIfAborted();
  while (await removeLeftovers(storage));
  await storage.files.tidy(now - idleMs, (fileKey) => {
    signal?.throwIfAborted();
    return findOwner(storage, fileKey);
  });
}

/** Whose content a file is: an attachment's, or a document's. */
async function findOwner(storage: Storage, fileKey: string): Promise<FilePlace | undefined> {
  const blob = await storage.attachments.findBlobByFile(fileKey);
  return blob ?? storage.documents.findVersionByFile(fileKey);
}

/**
 * Removes contents that nobody has. Their files go back to where they came from before their rows go: what a crash
 * leaves over is then found there, whichever of the two it was in between. @returns whether there may be more.
 */
async function removeLeftovers(storage: Storage): Promise<boolean> {
  const left = await storage.attachments.listLeftovers(contentsPerStep);
  const files = left.flatMap(({ hash, fileKey }) => (fileKey === null ? [] : [{ hash, fileKey }]));
  for (const file of files) await storage.files.recall(file);
  const hashes = left.map(({ hash }) => hash);
  const gone = await storage.transaction((tx) => tx.attachments.deleteLeftovers(hashes));
  const goneKeys = new Set(gone.map(({ fileKey }) => fileKey));
  for (const file of files) {
    if (goneKeys.has(file.fileKey)) await storage.files.remove(file);
    else await storage.files.settle(file);
  }
  return left.length === contentsPerStep;
}
