import type { Storage } from "@llm-backend/storage";
import type { Embedder } from "../ports.ts";
import { fillVectors } from "./fill-vectors.ts";
import type { IngestDeps } from "./ingest-ports.ts";
import { JobLost, type JobRun } from "./job-run.ts";

type Deps = Pick<IngestDeps, "storage" | "embedder" | "now" | "owner">;

/** The base, and what it is to be searched with. */
type Target = {
  readonly baseId: string;
  readonly spaceId: number;
  readonly embedder: Embedder;
  readonly userId: number;
  /** The numbers of the contents that have all their vectors. */
  readonly filled: Set<number>;
};

type Found = Awaited<ReturnType<Storage["documents"]["listFound"]>>[number];

/** Most documents are short: several at a time fill the calls of an upstream no worse than one long document does. */
const contentsAtOnce = 4;
const contentsPerPage = 500;

/**
 * Gives everything that is found in a base vectors of another model, and in one transaction makes them what is searched.
 * Until then the base is searched as before, and documents come and go.
 *
 * @throws DomainError for what its owner has to know; JobLost where it is no longer wanted.
 */
export async function reEmbedBase(deps: Deps, run: JobRun): Promise<void> {
  const target = await findTarget(deps, run);
  const total = await deps.storage.passages.countOfBase(target.baseId);
  // Begins to count anew: what an earlier process has done is found to be there in no time.
  await run.write({ total }, () => Promise.resolve());
  do await fillAll(deps, run, target);
  while (!(await switchOver(deps, run, target)));
}

async function findTarget({ storage, embedder }: Deps, { job }: JobRun): Promise<Target> {
  const base = await storage.bases.find(job.baseId);
  const { nextSpaceId = null, nextEmbeddingModel = null } = base ?? {};
  const isWanted = nextSpaceId !== null && nextSpaceId === job.spaceId;
  if (base === undefined || !isWanted || nextEmbeddingModel === null) throw new JobLost();
  return {
    baseId: base.id,
    spaceId: nextSpaceId,
    embedder: embedder(nextEmbeddingModel),
    userId: base.userId,
    filled: new Set(),
  };
}

/** Fills what is found and not yet known to be filled. */
async function fillAll(deps: Deps, run: JobRun, target: Target): Promise<void> {
  let page: Found[];
  let after = 0;
  do {
    await run.turn();
    page = await deps.storage.documents.listFound(target.baseId, { after, limit: contentsPerPage });
    after = page.at(-1)?.number ?? after;
    const waiting = page.filter(({ number }) => !target.filled.has(number));
    await fillSome(deps, run, { target, waiting });
  } while (page.length === contentsPerPage);
}

async function fillSome(
  deps: Deps,
  run: JobRun,
  { target, waiting }: { target: Target; waiting: Found[] },
): Promise<void> {
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await fillVectors(deps, run, { ...target, versionId: next.id, isCounted: true });
      target.filled.add(next.number);
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: contentsAtOnce }, work));
  for (const outcome of settled) if (outcome.status === "rejected") throw outcome.reason;
}

/**
 * From here on the base is searched with the new vectors. False where something is found by now that may not have any:
 * what is found has all of them only once it was looked at, since nothing of it changes then.
 */
function switchOver(
  { storage, now, owner }: Deps,
  { job, signal }: JobRun,
  target: Target,
): Promise<boolean> {
  const { baseId, spaceId, filled } = target;
  signal.throwIfAborted();
  return storage.transaction(async (tx) => {
    let after = 0;
    for (;;) {
      const page = await tx.documents.listFound(baseId, { after, limit: contentsPerPage });
      if (page.some(({ number }) => !filled.has(number))) return false;
      after = page.at(-1)?.number ?? after;
      if (page.length < contentsPerPage) break;
    }
    const isOurs = await tx.knowledgeJobs.finish(job.id, owner, { at: now() });
    if (!isOurs || !(await tx.bases.switchSpace(baseId, spaceId))) throw new JobLost();
    return true;
  });
}
