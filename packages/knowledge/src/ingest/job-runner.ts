import type { KnowledgeJob } from "@llm-backend/storage";
import type { IngestDeps, IngestSettings } from "./ingest-ports.ts";
import { JobLost } from "./job-run.ts";

/** Takes jobs and keeps them, as long as they are worked on. */
export type JobRunner = {
  start(): void;
  wake(): void;
  close(): Promise<void>;
};

type Deps = Pick<IngestDeps, "storage" | "owner" | "now" | "isUnderPressure" | "onInternalError"> & {
  readonly settings: IngestSettings;
};

type Work = (job: KnowledgeJob, signal: AbortSignal) => Promise<void>;

/** The process is about to end; the job goes on in another one. */
class ProcessEnding extends Error {
  override readonly name = "ProcessEnding";
}

/** A job that is worked on; it may come again before what it ended with before has been written to the end. */
type OpenJob = { readonly control: AbortController; readonly ending: Promise<void> };

/** Creates the runner; `work` is handed one job after the other, and a signal for when it is not to go on. */
export function createJobRunner(deps: Deps, work: Work): JobRunner {
  const { storage, owner, now, settings, onInternalError } = deps;
  const open = new Map<string, OpenJob>();
  let isStarted = false;
  let isClosing = false;
  let isAsking: Promise<void> | undefined;
  let isWoken = false;
  let extendedAt = 0;
  let timer: NodeJS.Timeout | undefined;

  function begin(job: KnowledgeJob): void {
    const control = new AbortController();
    const before = open.get(job.id);
    before?.control.abort(new JobLost());
    const ending = (before?.ending ?? Promise.resolve())
      .then(() => work(job, control.signal))
      .catch(onInternalError)
      .finally(() => {
        if (open.get(job.id)?.control === control) open.delete(job.id);
        wake();
      });
    open.set(job.id, { control, ending });
  }

  async function take(): Promise<void> {
    while (!isClosing && open.size < settings.jobsMax && deps.isUnderPressure?.() !== true) {
      if (!(await storage.knowledgeJobs.isDue(now()))) return;
      const job = await storage.relaxedTransaction((tx) =>
        tx.knowledgeJobs.claim(owner, now(), settings.leaseMs),
      );
      if (job === undefined) return;
      begin(job);
    }
  }

  /** Lets go of jobs that are not this process's any more, and says that it lives for the others. */
  async function look(): Promise<void> {
    if (open.size === 0) return;
    const known = [...open.keys()];
    const held = new Set(await listHeld(known));
    for (const id of known) if (!held.has(id)) open.get(id)?.control.abort(new JobLost());
  }

  /** What is not worked on any more is not kept, even if that could not be written down: somebody takes it then. */
  async function listHeld(ids: readonly string[]): Promise<readonly string[]> {
    const at = now();
    if (at - extendedAt < settings.leaseMs / 3) return storage.knowledgeJobs.listHeld(owner);
    const held = await storage.relaxedTransaction((tx) =>
      tx.knowledgeJobs.extend(owner, ids, at + settings.leaseMs),
    );
    extendedAt = at;
    return held;
  }

  /** Looks around, as often as somebody has said that it is worth it. */
  async function ask(): Promise<void> {
    clearTimeout(timer);
    do {
      isWoken = false;
      try {
        await look();
        await take();
      } catch (error) {
        onInternalError(error);
        break;
      }
    } while (isWoken && !isClosing);
  }

  function wake(): void {
    if (!isStarted || isClosing) return;
    isWoken = true;
    if (isAsking !== undefined) return;
    isAsking = ask().finally(() => {
      isAsking = undefined;
      if (isClosing) return;
      timer = setTimeout(wake, open.size > 0 ? settings.lookMs : settings.pollMs);
      timer.unref();
    });
  }

  return {
    start() {
      isStarted = true;
      wake();
    },
    wake,
    async close() {
      isClosing = true;
      clearTimeout(timer);
      await isAsking;
      for (const { control } of open.values()) control.abort(new ProcessEnding());
      await Promise.all([...open.values()].map(({ ending }) => ending));
    },
  };
}
