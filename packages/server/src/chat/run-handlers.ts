import type { RelayedEntry, RelayedLog, RelayHandlers } from "../relay/run-relay.ts";
import type { TemporaryRuns } from "../temporary/temporary-runs.ts";
import { startHandedOver, type Starts } from "./hand-over.ts";
import type { LiveRun } from "./live-run.ts";
import type { RunRegistry } from "./run-registry.ts";

/** Creates what this process does for the others with the runs that it drives. */
export function createRunHandlers(deps: {
  readonly registry: RunRegistry;
  /** Answers that are stored nowhere: of those that have ended, too, only this process has the log. */
  readonly temporary: Pick<TemporaryRuns, "findLive">;
  readonly starts: Starts;
}): Pick<RelayHandlers, "openLog" | "stop" | "start"> {
  const { registry, temporary, starts } = deps;
  return {
    openLog(runId) {
      const live = registry.find(runId) ?? temporary.findLive(runId);
      return live && toRelayedLog(live);
    },
    async stop(runId) {
      const live = registry.find(runId);
      live?.end("stop");
      await live?.ended;
    },
    start: (request) => startHandedOver(starts, request),
  };
}

/** A log whose followers elsewhere count as followers of the run. */
function toRelayedLog(live: LiveRun): RelayedLog {
  return {
    async *follow(position, options): AsyncGenerator<RelayedEntry, void> {
      const leave = live.presence.attach();
      try {
        yield* live.log.follow(position, options);
      } finally {
        leave();
      }
    },
  };
}
