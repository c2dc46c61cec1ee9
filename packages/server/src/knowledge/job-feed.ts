import { setTimeout as pause } from "node:timers/promises";
import type { FollowJobsInput, JobEvent, JobView } from "@llm-backend/contract";
import type { KnowledgeJob, Storage } from "@llm-backend/storage";
import { toJobView } from "./knowledge-views.ts";

/** How often it is looked what has changed: a job may be another process's. */
const lookMs = 300;
/** So many jobs of a base may begin and end between two looks without one being missed. */
const recentMax = 100;
/** Of those that have not ended, so many are told of; the others when it is their turn. */
const openMax = 500;

type From = Pick<Storage, "knowledgeJobs">;
/** Where jobs are read, and whether their follower may still know of them. */
type FollowFrom = From & { readonly requireAccess: () => Promise<void> };
type Jobs = ReadonlyMap<string, JobView>;

/** Which jobs are followed, and how long. */
export type JobsFollowed = Pick<FollowJobsInput, "baseId" | "until">;

/**
 * Tells of the jobs of a base, until the signal, or until nothing is under way: first all that have not ended, then each
 * that has changed, and once more when it has ended. Whoever was cut off begins anew, with what is true then.
 */
export async function* followJobs(
  from: FollowFrom,
  { baseId, until }: JobsFollowed,
  signal: AbortSignal,
): AsyncGenerator<JobEvent, void> {
  await from.requireAccess();
  let known = await readJobs(from, baseId);
  yield { type: "jobs", jobs: known.values().filter(isOpen).toArray() };
  const isOver = () => until === "idle" && !known.values().some(isOpen);
  while (!isOver() && (await isStillWanted(signal))) {
    await from.requireAccess();
    const now = await readJobs(from, baseId, known);
    for (const [jobId, job] of now) {
      if (JSON.stringify(known.get(jobId)) !== JSON.stringify(job)) yield { type: "job", job };
    }
    known = now;
  }
}

const isOpen = ({ state }: JobView): boolean => state === "waiting" || state === "running";

/** The oldest jobs that have not ended, the newest ones, and what became of those that had not ended before; oldest first. */
async function readJobs(from: From, baseId: string, before: Jobs = new Map()): Promise<Jobs> {
  const { knowledgeJobs } = from;
  const rows = new Map<string, KnowledgeJob>();
  const recent = await knowledgeJobs.listOfBase(baseId, { limit: recentMax });
  const open = await knowledgeJobs.listOpen([baseId], openMax);
  for (const job of [...open, ...recent]) rows.set(job.id, job);
  for (const { jobId } of before.values().filter(isOpen)) {
    const job = rows.get(jobId) ?? (await knowledgeJobs.find(jobId));
    if (job !== undefined) rows.set(jobId, job);
  }
  const sorted = [...rows.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1));
  return new Map(sorted.map((job) => [job.id, toJobView(job)]));
}

async function isStillWanted(signal: AbortSignal): Promise<boolean> {
  await pause(lookMs, undefined, { signal, ref: false }).catch(() => undefined);
  return !signal.aborted;
}
