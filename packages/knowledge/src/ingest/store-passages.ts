import { DomainError } from "@llm-backend/contract";
import type { KnowledgeVersion } from "@llm-backend/storage";
import type { DocumentKind, Passage } from "../ports.ts";
import type { IngestDeps, IngestSettings } from "./ingest-ports.ts";
import { JobLost, type JobRun } from "./job-run.ts";
import { createRoomCheck } from "./require-room.ts";

/** So many passages are written as one: with their words, a few milliseconds. */
const storedAtOnce = 24;
const removedAtOnce = 64;

/**
 * Reads a content and stores its passages, under a content that nobody finds yet. What an earlier process has left of it
 * is removed first.
 *
 * @throws DomainError `document_unreadable`, `quota_exceeded`
 */
export async function storePassages(
  deps: Pick<IngestDeps, "storage" | "reader"> & {
    readonly settings: Pick<IngestSettings, "passagesPerUserMax">;
  },
  run: JobRun,
  version: KnowledgeVersion,
): Promise<void> {
  await removePassages(run, version.id);
  await setState(run, version.id, "reading");
  const file = await findSource(deps, version);
  const requireRoom = createRoomCheck(deps, version);
  let count = 0;
  for await (const batch of deps.reader.read(file, { signal: run.signal })) {
    for (let index = 0; index < batch.length; index += storedAtOnce) {
      await run.turn();
      await requireRoom(batch[index]?.end ?? 0);
      const some = batch.slice(index, index + storedAtOnce);
      count += some.length;
      await storeBatch(run, version.id, { passages: some, count });
    }
  }
  if (count === 0) throw new DomainError("document_unreadable", "There is no text in the document.");
  await setState(run, version.id, "embedding");
}

async function removePassages(run: JobRun, versionId: string): Promise<void> {
  let removed: number;
  do {
    await run.turn();
    removed = await run.write({}, (tx) => tx.documents.clearPassages(versionId, removedAtOnce));
  } while (removed === removedAtOnce);
}

function storeBatch(
  run: JobRun,
  versionId: string,
  { passages, count }: { passages: readonly Passage[]; count: number },
): Promise<void> {
  return run.write({ total: count }, async (tx) => {
    if (!(await tx.passages.insertBatch(versionId, passages))) throw new JobLost();
  });
}

function setState(run: JobRun, versionId: string, state: "reading" | "embedding"): Promise<void> {
  return run.write({}, async (tx) => {
    if (!(await tx.documents.setVersionState(versionId, state))) throw new JobLost();
  });
}

async function findSource({ storage }: Pick<IngestDeps, "storage">, version: KnowledgeVersion) {
  const document = await storage.documents.find(version.documentId);
  if (document === undefined) throw new JobLost();
  // Its process may have ended before it was brought there.
  await storage.files.settle(version);
  const path = await storage.files.locate(version);
  if (path === undefined) {
    throw new DomainError("document_unreadable", "The file of the document is lost; upload it again.");
  }
  return { path, name: document.name, kind: document.kind as DocumentKind };
}
