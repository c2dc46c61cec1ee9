import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import type { KnowledgeJob, Repositories } from "@llm-backend/storage";
import type { IngestDeps, IngestSettings } from "./ingest-ports.ts";

/** Why a job is let go without an ending of its own: cancelled, replaced, or with another process. */
export class JobLost extends Error {
  override readonly name = "JobLost";

  constructor() {
    super("The job is no longer this process's.");
  }
}

/** What a step of a job does. */
export type JobStep = {
  /** How many passages further the job is behind it. @default 0 */
  readonly add?: number;
  /** It begins to count anew, up to here. */
  readonly total?: number;
  /** It will not be done again, whatever happens: tries are counted anew from here. */
  readonly isAhead?: boolean;
};

/** A job under way. */
export type JobRun = {
  readonly job: KnowledgeJob;
  /** Aborted when the job is lost, or the process ends. */
  readonly signal: AbortSignal;
  /** Waits until everybody else has had their turn, and the process is not short of anything. Throws after an abort. */
  turn(): Promise<void>;
  /**
   * Writes one step of the work, and how far the job is then: both or none.
   *
   * @throws JobLost when the job is no longer this process's; nothing was written then.
   */
  write<T>(step: JobStep, work: (tx: Repositories) => Promise<T>): Promise<T>;
};

/** What running a job stands on. */
export type JobRunDeps = Pick<IngestDeps, "storage" | "owner" | "now" | "isUnderPressure"> & {
  readonly settings: Pick<IngestSettings, "leaseMs">;
};

const pressureMs = 100;

/** Creates the run of a job that was claimed. */
export function createJobRun(deps: JobRunDeps, job: KnowledgeJob, signal: AbortSignal): JobRun {
  const { storage, owner, now, isUnderPressure } = deps;
  let { done, total } = job;

  /** Notes the step with the job; gives back what it was before. */
  async function advance(tx: Repositories, { add = 0, total: newTotal, isAhead }: JobStep) {
    const before = { done, total };
    done = (newTotal === undefined ? done : 0) + add;
    total = newTotal ?? total;
    const leasedUntil = now() + deps.settings.leaseMs;
    if (await tx.knowledgeJobs.progress(job.id, owner, { done, total, leasedUntil, isAhead })) return before;
    throw new JobLost();
  }

  return {
    job,
    signal,
    async turn() {
      await nextTurn();
      while (isUnderPressure?.() === true && !signal.aborted)
        await pause(pressureMs, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    },
    write(step, work) {
      signal.throwIfAborted();
      // What a power cut takes is done again: the order of what was written is kept.
      return storage.relaxedTransaction(async (tx) => {
        const before = await advance(tx, step);
        try {
          return await work(tx);
        } catch (error) {
          ({ done, total } = before);
          throw error;
        }
      });
    },
  };
}
