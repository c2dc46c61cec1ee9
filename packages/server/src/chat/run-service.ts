import { setTimeout as pause } from "node:timers/promises";
import {
  DomainError,
  readEventId,
  type FollowInput,
  type StartedRun,
  type StoppedRun,
} from "@llm-backend/contract";
import type { Run, Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import type { OpenStreams } from "../limit/open-streams.ts";
import { OwnerLost, type RunRelay } from "../relay/run-relay.ts";
import type { TemporariesElsewhere } from "../temporary/temporary-elsewhere.ts";
import type { TemporaryRuns } from "../temporary/temporary-runs.ts";
import { followElsewhere, type RunPlace } from "./follow-elsewhere.ts";
import { followLog, type FollowedEvent, type FollowOptions } from "./follow-log.ts";
import { readJournal } from "./interrupt-runs.ts";
import { toAnswerText } from "./run-log.ts";
import type { RunRegistry } from "./run-registry.ts";
import { toStartedRun } from "./started-run.ts";
import { readStoredLog, toStoredLogWithLoss, type LoadedLog } from "./stored-log.ts";

/** What the service stands on. */
export type RunServiceDeps = {
  readonly storage: Storage;
  readonly registry: RunRegistry;
  /** Answers that are stored nowhere. */
  readonly temporary: Pick<TemporaryRuns, "find">;
  /** Those of other processes. */
  readonly elsewhere: TemporariesElsewhere;
  readonly now: () => number;
  /** Names this process as the owner of its runs. */
  readonly owner: string;
  /** Reaches the runs of other processes; undefined for a process that serves alone. */
  readonly relay: Pick<RunRelay, "follow" | "stop"> | undefined;
  /** The streams that users have open. */
  readonly streams: OpenStreams;
};

/** Following and stopping answers. */
export type RunService = ReturnType<typeof createRunService>;

/** An answer that can be followed. */
export type OpenedAnswer = {
  /** @throws DomainError `rate_limited` */
  follow(options?: { signal?: AbortSignal }): AsyncGenerator<FollowedEvent, void>;
};

/** A run as its user is told of it, and who drives it. */
type LookedUp = StartedRun & { readonly owner: string };

const stopTriesMax = 20;
const stopPauseMs = 100;
const foreignEventId = "lastEventId: is not the id of an event of this answer.";

/** Creates the service. A foreign run and an absent one are the same: `not_found`. */
export function createRunService(deps: RunServiceDeps) {
  const { storage, registry, relay, streams } = deps;

  const get = async (viewer: Viewer, runId: string): Promise<Run> => {
    const run = await storage.runs.find(runId, viewer.userId);
    if (run === undefined) throw new DomainError("not_found", "There is no such answer.");
    return run;
  };

  /** How a run stands, stored or not, whoever drives it. */
  async function look(viewer: Viewer, runId: string): Promise<LookedUp> {
    const run =
      deps.temporary.find(runId, viewer.userId)?.run ?? (await storage.runs.find(runId, viewer.userId));
    if (run !== undefined) return { ...toStartedRun(run), owner: run.owner };
    const found = await deps.elsewhere.find(viewer, { runId });
    if (found === undefined) throw new DomainError("not_found", "There is no such answer.");
    return found;
  }

  /** Whether another process drives a run. */
  const isElsewhere = (run: Pick<Run, "state" | "owner">) =>
    relay !== undefined && run.state === "streaming" && run.owner !== deps.owner;

  /** Where the log of a run is: here, live or out of storage, or at another process. */
  async function locate(viewer: Viewer, runId: string): Promise<RunPlace> {
    const temporary = deps.temporary.find(runId, viewer.userId);
    if (temporary !== undefined) return { log: temporary.live.log, lost: undefined };
    const run = await storage.runs.find(runId, viewer.userId);
    if (run === undefined) return deps.elsewhere.locate(viewer, runId);
    // Looked for only now: a run that ended while its row was read is complete in the row that is read next.
    const live = registry.find(runId);
    if (live !== undefined) return { log: live.log, lost: undefined };
    const current = run.state === "streaming" ? await get(viewer, runId) : run;
    return isElsewhere(current) ? { owner: current.owner } : readEnded(current);
  }

  async function readEnded(current: Run): Promise<LoadedLog> {
    const message = await storage.messages.find(current.assistantMessageId, current.conversationId);
    if (message === undefined) throw new DomainError("not_found", "There is no such answer.");
    const answer = { content: message.content, reasoning: message.reasoning ?? "" };
    if (current.log !== null) return readStoredLog(current.log, answer);
    return readUnfinished(current);
  }

  /** A run whose ending could not be stored: its journal is all there is. */
  async function readUnfinished(run: Run): Promise<LoadedLog> {
    const events = readJournal(run, await storage.runs.listSegments(run.id));
    return readStoredLog(toStoredLogWithLoss(events, { type: "run-interrupt" }), toAnswerText(events));
  }

  function followFrom(
    place: RunPlace,
    given: { readonly viewer: Viewer; readonly options: FollowOptions },
  ): AsyncGenerator<FollowedEvent, void> {
    const { viewer, options } = given;
    if ("log" in place) return followLog(place, options);
    if (relay === undefined) throw new Error("A process that serves alone looks nowhere else.");
    const { runId } = options;
    return followElsewhere(
      {
        relay,
        locate: () => locate(viewer, runId),
        readRest: async () => readEnded(await get(viewer, runId)),
      },
      options,
    );
  }

  /** Stops a run at its owner; one whose owner is gone has nothing to stop, and is about to be ended. */
  async function stopElsewhere(viewer: Viewer, run: LookedUp): Promise<void> {
    for (let tries = 0; tries < stopTriesMax; tries++) {
      try {
        return await relay?.stop(run.owner, run.runId);
      } catch (error) {
        if (!(error instanceof OwnerLost)) throw error;
      }
      if (!isElsewhere(await look(viewer, run.runId))) return;
      await pause(stopPauseMs);
    }
  }

  return {
    /**
     * Refuses who has as many streams open as one may have: before an answer is started that could not be followed.
     *
     * @throws DomainError `rate_limited`
     */
    requireFreeStream: (viewer: Viewer): void => streams.requireFree(viewer.userId),

    /**
     * Opens an answer, to be followed from its beginning, or from behind the last event that the follower saw, to its
     * end. Leaving does not end the answer.
     *
     * @throws DomainError `not_found`; `invalid_input` for an event id of another run; `rate_limited`.
     */
    async open(viewer: Viewer, input: FollowInput): Promise<OpenedAnswer> {
      const position = readPosition(input);
      const place = await locate(viewer, input.runId);
      if ("log" in place && position > place.log.end) throw new DomainError("invalid_input", foreignEventId);
      streams.requireFree(viewer.userId);
      return {
        async *follow(options = {}) {
          // Counted from here on only: what is opened and never followed must not be counted for ever.
          const taking = streams.take(viewer.userId);
          const stream = taking instanceof Promise ? await taking : taking;
          const leave = registry.find(input.runId)?.presence.attach();
          try {
            yield* followFrom(place, { viewer, options: { runId: input.runId, position, ...options } });
          } finally {
            stream.release();
            leave?.();
          }
        },
      };
    },

    /**
     * Stops an answer and keeps what it has said. Stopping an answer that has ended changes nothing.
     *
     * @throws DomainError `not_found`
     */
    async stop(viewer: Viewer, runId: string): Promise<StoppedRun> {
      const run = await look(viewer, runId);
      const live = registry.find(runId);
      live?.end("stop");
      await live?.ended;
      if (live === undefined && isElsewhere(run)) await stopElsewhere(viewer, run);
      const { state } = await look(viewer, runId);
      return { runId, state };
    },

    /** @throws DomainError `not_found` */
    async get(viewer: Viewer, runId: string): Promise<StartedRun> {
      const { owner: _owner, ...started } = await look(viewer, runId);
      return started;
    },
  };
}

function readPosition(input: FollowInput): number {
  if (input.lastEventId === undefined || input.lastEventId === null || input.lastEventId === "") return 0;
  const eventId = readEventId(input.lastEventId);
  if (eventId === undefined || eventId.runId !== input.runId) {
    throw new DomainError("invalid_input", foreignEventId);
  }
  return eventId.position;
}
