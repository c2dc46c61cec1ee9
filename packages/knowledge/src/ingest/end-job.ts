import type { KnowledgeFailure, KnowledgeJob, Repositories } from "@llm-backend/storage";
import type { IngestDeps, IngestSettings } from "./ingest-ports.ts";
import { judgeFailure } from "./judge-failure.ts";

type Deps = Pick<IngestDeps, "storage" | "owner" | "now" | "onInternalError"> & {
  readonly settings: IngestSettings;
};

/**
 * Writes down that a job failed: it waits to be tried again, or its owner is told. Nothing of it is found either way.
 *
 * @returns when it is tried again, in milliseconds since 1970.
 */
export async function endFailedJob(deps: Deps, jobId: string, error: unknown): Promise<number | undefined> {
  const { storage, owner, now } = deps;
  return storage.transaction(async (tx) => {
    const job = await tx.knowledgeJobs.find(jobId);
    if (job?.owner !== owner) return undefined;
    const verdict = judgeFailure(error, job.attempts, deps.settings);
    if (verdict.isInternal) deps.onInternalError(error);
    const { failure, retryMs } = verdict;
    if (retryMs !== undefined) {
      const at = now() + retryMs;
      await tx.knowledgeJobs.retryAt(jobId, owner, { at, failure });
      return at;
    }
    await tx.knowledgeJobs.finish(jobId, owner, { at: now(), failure });
    await giveUp(tx, job, { failure, at: now() });
    return undefined;
  });
}

async function giveUp(
  tx: Repositories,
  { kind, baseId, versionId }: KnowledgeJob,
  ended: { readonly failure: KnowledgeFailure; readonly at: number },
): Promise<void> {
  // The base is searched as before, and documents that come have one model less to wait for.
  if (kind === "re-embed") await tx.bases.abandonModel(baseId);
  else if (versionId !== null) await tx.documents.setVersionState(versionId, "failed", ended);
}
