import { findDomainError } from "@llm-backend/contract";
import type { KnowledgeBase, KnowledgeFailure, KnowledgeVersion } from "@llm-backend/storage";
import { fillVectors } from "./fill-vectors.ts";
import type { IngestDeps, IngestSettings } from "./ingest-ports.ts";
import { JobLost, type JobRun } from "./job-run.ts";
import { storePassages } from "./store-passages.ts";

type Deps = Pick<IngestDeps, "storage" | "reader" | "embedder" | "now" | "owner"> & {
  readonly settings: Pick<IngestSettings, "passagesPerUserMax">;
};

const openStates = new Set(["waiting", "reading", "embedding"]);

/**
 * Takes in a content of a document: reads it, embeds it, and in one transaction makes it what is found. Begins where an
 * earlier process has stopped.
 *
 * @throws DomainError for what its owner has to know; JobLost where it is no longer wanted.
 */
export async function ingestDocument(deps: Deps, run: JobRun): Promise<void> {
  const { storage } = deps;
  const version = await findVersion(deps, run);
  if (version.state !== "embedding") await storePassages(deps, run, version);
  const filled = new Map<number, number>();
  for (;;) {
    const base = await storage.bases.find(version.baseId);
    if (base === undefined) throw new JobLost();
    await fillSpace(deps, run, { version, base, filled });
    await fillNextSpace(deps, run, { version, base, filled });
    if (await finish(deps, run, { version, filled })) return;
  }
}

async function findVersion({ storage }: Deps, { job }: JobRun): Promise<KnowledgeVersion> {
  const version = await storage.documents.findVersion(job.versionId ?? "");
  if (version === undefined || !openStates.has(version.state)) throw new JobLost();
  return version;
}

type Target = {
  readonly version: KnowledgeVersion;
  readonly base: KnowledgeBase;
  /** The spaces that have a vector for every passage of it, with how many of them are of a passage's beginning. */
  readonly filled: Map<number, number>;
};

async function fillSpace(deps: Deps, run: JobRun, { version, base, filled }: Target): Promise<void> {
  const { spaceId, embeddingModel, userId } = base;
  if (filled.has(spaceId)) return;
  await beginCount(deps, run, version);
  const embedder = deps.embedder(embeddingModel);
  try {
    const filling = { versionId: version.id, spaceId, embedder, userId, isCounted: true };
    filled.set(spaceId, await fillVectors(deps, run, filling));
  } catch (error) {
    // The base may be searched with other vectors by now.
    const now = await deps.storage.bases.find(base.id);
    if (findDomainError(error)?.code !== "conflict" || now?.spaceId === spaceId) throw error;
  }
}

/** What is there already counts: most often all of it was counted by the process that has made it. */
async function beginCount({ storage }: Deps, run: JobRun, { id }: KnowledgeVersion): Promise<void> {
  const version = await storage.documents.findVersion(id);
  if (version === undefined) throw new JobLost();
  if (run.job.total === version.passages) return;
  await run.write({ total: version.passages }, () => Promise.resolve());
}

/**
 * The vectors that the base is to be searched with. Embedding the base anew looks for what is missing: whatever goes wrong
 * here is its business.
 */
async function fillNextSpace(deps: Deps, run: JobRun, { version, base, filled }: Target): Promise<void> {
  const { nextSpaceId: spaceId, nextEmbeddingModel: model, userId } = base;
  if (spaceId === null || model === null || filled.has(spaceId)) return;
  const embedder = deps.embedder(model);
  try {
    const filling = { versionId: version.id, spaceId, embedder, userId, isCounted: false };
    filled.set(spaceId, await fillVectors(deps, run, filling));
  } catch (error) {
    run.signal.throwIfAborted();
    if (findDomainError(error) === undefined) throw error;
  }
}

/** Makes the content what is found, unless the base is searched with other vectors by now. */
function finish(
  { storage, now, owner }: Deps,
  { job, signal }: JobRun,
  { version, filled }: Pick<Target, "version" | "filled">,
): Promise<boolean> {
  signal.throwIfAborted();
  return storage.transaction(async (tx) => {
    const base = await tx.bases.find(version.baseId);
    if (base === undefined) throw new JobLost();
    const cut = filled.get(base.spaceId);
    if (cut === undefined) return false;
    const at = now();
    const isOurs = await tx.knowledgeJobs.finish(job.id, owner, { at, notice: toNotice(cut) });
    const isWanted = isOurs && (await tx.documents.switchVersion(version.documentId, version.id, at));
    if (!isWanted) throw new JobLost();
    return true;
  });
}

function toNotice(cut: number): KnowledgeFailure | undefined {
  if (cut === 0) return undefined;
  const which = cut === 1 ? "One passage is" : `${cut} of the passages are`;
  const message = `${which} longer than the embedding model takes: by meaning, only the beginning is found.`;
  return { code: "context_too_long", message };
}
