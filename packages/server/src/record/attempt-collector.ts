import type { AttemptReport } from "@llm-backend/gateway";

/** Keeps what the gateway reports of each run's attempts until the run ends. */
export type AttemptCollector = {
  /** Notes a report; of requests that are no runs nothing is kept: their result has the attempts. */
  collect(report: AttemptReport): void;
  /** The attempts of a run, in their order; they are forgotten here. */
  take(runId: string): readonly AttemptReport[];
};

/** A run that is never taken must not be kept for ever: the oldest goes when there are so many. */
const runsMax = 10_000;
/** The first of a run's attempts say what went wrong. */
const attemptsMax = 64;

/** Creates a collector. */
export function createAttemptCollector(): AttemptCollector {
  const runs = new Map<string, AttemptReport[]>();

  function open(runId: string): AttemptReport[] {
    if (runs.size >= runsMax) {
      const [oldest] = runs.keys();
      if (oldest !== undefined) runs.delete(oldest);
    }
    const attempts: AttemptReport[] = [];
    runs.set(runId, attempts);
    return attempts;
  }

  return {
    collect(report) {
      if (!report.requestId.startsWith("run_")) return;
      const attempts = runs.get(report.requestId) ?? open(report.requestId);
      if (attempts.length < attemptsMax) attempts.push(report);
    },
    take(runId) {
      const attempts = runs.get(runId) ?? [];
      runs.delete(runId);
      return attempts;
    },
  };
}
