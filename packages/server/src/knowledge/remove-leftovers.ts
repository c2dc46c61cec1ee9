import type { Storage } from "@llm-backend/storage";

/** So much is removed in one transaction: others want to write as well. */
const passagesPerStep = 200;
const vectorsPerStep = 500;
const documentsPerStep = 50;
const jobsPerStep = 500;
const rowsPerLook = 100;
/** How long it can be asked what became of a job. */
const jobsKeptMs = 7 * 24 * 3_600_000;

/** What removing stands on. */
export type RemoveLeftoversDeps = { readonly storage: Storage; readonly now: () => number };

/**
 * Removes from the database and the disk what of knowledge bases is nobody's any more: bases and documents that were
 * removed, contents that were replaced, passages of those that failed, vectors of models that are no longer used.
 *
 * @throws the signal's reason, between two steps, once it is aborted.
 */
export async function removeLeftovers(deps: RemoveLeftoversDeps, signal?: AbortSignal): Promise<void> {
  await removeBases(deps, signal);
  await removeContents(deps.storage, signal);
  await removeSpaces(deps.storage, signal);
  for (const baseId of await deps.storage.bases.listRemoved(rowsPerLook)) {
    await deps.storage.transaction((tx) => tx.bases.deleteRemoved(baseId));
  }
  await inSteps(jobsPerStep, signal, () =>
    deps.storage.transaction((tx) => tx.knowledgeJobs.deleteEnded(deps.now() - jobsKeptMs, jobsPerStep)),
  );
}

/** Repeats a step until it has less to do than it may. */
async function inSteps(
  size: number,
  signal: AbortSignal | undefined,
  step: () => Promise<number>,
): Promise<void> {
  do signal?.throwIfAborted();
  while ((await step()) === size);
}

async function removeBases({ storage, now }: RemoveLeftoversDeps, signal?: AbortSignal): Promise<void> {
  for (const baseId of await storage.bases.listRemoved(rowsPerLook)) {
    await storage.transaction((tx) => tx.knowledgeJobs.cancelOfBase(baseId, now()));
    await inSteps(documentsPerStep, signal, () =>
      storage.transaction((tx) => tx.documents.deleteSome(baseId, documentsPerStep, now())),
    );
  }
}

/**
 * A file goes back to where it came from before its row goes: what a crash leaves over is then found there, whichever of
 * the two it was in between.
 */
async function removeContents(storage: Storage, signal?: AbortSignal): Promise<void> {
  await inSteps(rowsPerLook, signal, async () => {
    const left = await storage.documents.listLeftovers(rowsPerLook);
    for (const { id, hash, fileKey, isGone } of left) {
      await inSteps(passagesPerStep, signal, () =>
        storage.transaction((tx) => tx.documents.deletePassages(id, passagesPerStep)),
      );
      if (!isGone) continue;
      const file = { hash, fileKey };
      await storage.files.recall(file);
      if (await storage.transaction((tx) => tx.documents.deleteVersion(id))) await storage.files.remove(file);
      else await storage.files.settle(file);
    }
    return left.length;
  });
}

async function removeSpaces(storage: Storage, signal?: AbortSignal): Promise<void> {
  for (const spaceId of await storage.bases.listIdleSpaces(rowsPerLook)) {
    await inSteps(vectorsPerStep, signal, () =>
      storage.transaction((tx) => tx.bases.deleteVectors(spaceId, vectorsPerStep)),
    );
  }
}
