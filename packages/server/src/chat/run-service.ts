import {
  DomainError,
  readEventId,
  type FollowInput,
  type RunEvent,
  type StartedRun,
  type StoppedRun,
} from "@llm-backend/contract";
import type { Run, RunSegment, Storage } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import { followLog, type FollowedEvent } from "./follow-log.ts";
import { readEvents, toAnswerText, toRunStart } from "./run-log.ts";
import type { RunRegistry } from "./run-registry.ts";
import { endStates } from "./save-run.ts";
import { toStartedRun } from "./started-run.ts";
import { readSegments, readStoredLog, toStoredLogWithLoss, type LoadedLog } from "./stored-log.ts";
import { createTally } from "./tally.ts";

/** What the service stands on. */
export type RunServiceDeps = {
  readonly storage: Storage;
  readonly registry: RunRegistry;
  readonly now: () => number;
  /** Names this process as the owner of its runs. */
  readonly owner: string;
  /** How many streams of one user may be open. */
  readonly streamsPerUser: number;
};

/** Following and stopping answers. */
export type RunService = ReturnType<typeof createRunService>;

/** An answer that can be followed. */
export type OpenedAnswer = {
  /** @throws DomainError `rate_limited` */
  follow(options?: { signal?: AbortSignal }): AsyncGenerator<FollowedEvent, void>;
};

const orphanPageSize = 100;
const foreignEventId = "lastEventId: is not the id of an event of this answer.";

/** Creates the service. A foreign run and an absent one are the same: `not_found`. */
export function createRunService(deps: RunServiceDeps) {
  const { storage, registry } = deps;
  const streams = createTally();

  const get = async (viewer: Viewer, runId: string): Promise<Run> => {
    const run = await storage.runs.find(runId, viewer.userId);
    if (run === undefined) throw new DomainError("not_found", "There is no such answer.");
    return run;
  };

  /** The log of a run, live or out of storage. */
  async function loadLog(viewer: Viewer, runId: string): Promise<LoadedLog> {
    const run = await get(viewer, runId);
    // Looked for only now: a run that ended while its row was read is complete in the row that is read next.
    const live = registry.find(runId);
    if (live !== undefined) return { log: live.log, lost: undefined };
    const current = run.state === "streaming" ? await get(viewer, runId) : run;
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

  function requireFreeStream(viewer: Viewer): void {
    if (streams.count(viewer.userId) < deps.streamsPerUser) return;
    throw new DomainError("rate_limited", `At most ${deps.streamsPerUser} streams can be open at once.`, {
      details: { retryAfterMs: 1000 },
    });
  }

  return {
    /**
     * Refuses who has as many streams open as one may have: before an answer is started that could not be followed.
     *
     * @throws DomainError `rate_limited`
     */
    requireFreeStream,

    /**
     * Opens an answer, to be followed from its beginning, or from behind the last event that the follower saw, to its
     * end. Leaving does not end the answer.
     *
     * @throws DomainError `not_found`; `invalid_input` for an event id of another run; `rate_limited`.
     */
    async open(viewer: Viewer, input: FollowInput): Promise<OpenedAnswer> {
      const position = readPosition(input);
      const loaded = await loadLog(viewer, input.runId);
      if (position > loaded.log.end) throw new DomainError("invalid_input", foreignEventId);
      requireFreeStream(viewer);
      return {
        async *follow(options = {}) {
          // Counted from here on only: what is opened and never followed must not be counted for ever.
          requireFreeStream(viewer);
          streams.add(viewer.userId);
          try {
            yield* followLog(loaded, { runId: input.runId, position, ...options });
          } finally {
            streams.remove(viewer.userId);
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
      await get(viewer, runId);
      const live = registry.find(runId);
      live?.end("stop");
      await live?.ended;
      const { state } = await get(viewer, runId);
      return { runId, state };
    },

    /** @throws DomainError `not_found` */
    get: async (viewer: Viewer, runId: string): Promise<StartedRun> => toStartedRun(await get(viewer, runId)),

    /**
     * Ends the runs that processes before this one left behind, with the text that they had stored. To be called once,
     * before anything is served.
     *
     * @returns how many there were.
     */
    async interruptOrphans(): Promise<number> {
      let count = 0;
      for (;;) {
        const orphans = await storage.runs.listOrphaned(deps.owner, { limit: orphanPageSize });
        if (orphans.length === 0) return count;
        for (const run of orphans) await interrupt(run);
        count += orphans.length;
      }
    },
  };

  async function interrupt(run: Run): Promise<void> {
    const ending = { type: "run-interrupt" } as const;
    await storage.transaction(async (tx) => {
      const events = readJournal(run, await tx.runs.listSegments(run.id));
      const answer = toAnswerText(events);
      await tx.runs.end(run.id, {
        state: endStates[ending.type],
        model: run.model,
        errorCode: null,
        errorMessage: null,
        log: toStoredLogWithLoss(events, ending),
        endedAt: deps.now(),
      });
      await tx.runs.deleteSegments(run.id);
      await tx.messages.updateAnswer(run.assistantMessageId, {
        content: answer.content,
        reasoning: answer.reasoning === "" ? null : answer.reasoning,
        model: run.model,
        finishReason: null,
        usage: null,
      });
    });
  }
}

function readPosition(input: FollowInput): number {
  if (input.lastEventId === undefined || input.lastEventId === null || input.lastEventId === "") return 0;
  const eventId = readEventId(input.lastEventId);
  if (eventId === undefined || eventId.runId !== input.runId) {
    throw new DomainError("invalid_input", foreignEventId);
  }
  return eventId.position;
}

/** The events in a journal; a run that was ended before its first write has begun all the same. */
function readJournal(run: Run, segments: readonly RunSegment[]): RunEvent[] {
  const events = readEvents(readSegments(segments));
  return events.length > 0 ? events : [toRunStart(run)];
}
