import { endFailedJob } from "./end-job.ts";
import { ingestDocument } from "./ingest-document.ts";
import { defaultIngestSettings, type IngestDeps, type IngestSettings } from "./ingest-ports.ts";
import { createJobRun, JobLost, type JobRun } from "./job-run.ts";
import { createJobRunner } from "./job-runner.ts";
import { reEmbedBase } from "./re-embed-base.ts";

/** What takes in documents, and embeds bases anew, in the background. */
export type Ingest = {
  /** Begins to work on what waits. */
  start(): void;
  /** To be called when a job was added, or cancelled: without it, it is noticed a little later. Returns at once. */
  wake(): void;
  /** Puts back the jobs of processes that are gone. @returns how many. */
  recover(livingOwners: readonly string[]): Promise<number>;
  /** Lets go of everything, to be gone on with by the next process; resolves when nothing is asked of storage any more. */
  close(): Promise<void>;
};

/**
 * Creates it. What is to be done is in the database: jobs, which other parts add and cancel, and processes take one after
 * the other. A job ends once, whichever process it begins in and however many of them are killed meanwhile.
 */
export function createIngest(given: IngestDeps): Ingest {
  const settings: IngestSettings = { ...defaultIngestSettings, ...given.settings };
  const deps = { ...given, settings };
  const { storage, owner, onLeftovers, onInternalError } = deps;

  async function work(run: JobRun): Promise<void> {
    await (run.job.kind === "ingest" ? ingestDocument(deps, run) : reEmbedBase(deps, run));
  }

  const runner = createJobRunner(deps, async (job, signal) => {
    try {
      await work(createJobRun(deps, job, signal));
    } catch (error) {
      if (signal.aborted || error instanceof JobLost) return;
      await endFailedJob(deps, job.id, error);
    } finally {
      onLeftovers?.();
    }
  });

  return {
    start: () => runner.start(),
    wake: () => runner.wake(),
    async recover(livingOwners) {
      const count = await storage.relaxedTransaction((tx) => tx.knowledgeJobs.releaseOthers(livingOwners));
      if (count > 0) runner.wake();
      return count;
    },
    async close() {
      await runner.close();
      await storage
        .relaxedTransaction((tx) => tx.knowledgeJobs.releaseOwner(owner))
        // Others take what is left when nobody has been heard of it for a while.
        .catch(onInternalError);
    },
  };
}
