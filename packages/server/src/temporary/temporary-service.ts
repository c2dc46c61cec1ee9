import { DomainError, type StartedRun, type TemporaryInput, type WireMessage } from "@llm-backend/contract";
import type { Run } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import { hashInput } from "../chat/hash-input.ts";
import type { LiveRun } from "../chat/live-run.ts";
import { toRunStart } from "../chat/run-log.ts";
import type { RunRegistry } from "../chat/run-registry.ts";
import { toStartedRun } from "../chat/started-run.ts";
import type { NewId } from "../identity/new-id.ts";
import type { RequestClaims } from "./request-claims.ts";
import type { TemporariesElsewhere, WantedTemporary } from "./temporary-elsewhere.ts";
import type { TemporaryRuns } from "./temporary-runs.ts";

/** What the service stands on. */
export type TemporaryServiceDeps = {
  readonly registry: RunRegistry;
  readonly temporary: TemporaryRuns;
  /** Those of other processes. */
  readonly elsewhere: Pick<TemporariesElsewhere, "find">;
  readonly claims: Pick<RequestClaims, "claim" | "release">;
  readonly newId: NewId;
  readonly now: () => number;
  readonly owner: string;
  /** For chats that bring no system prompt of their own. */
  readonly systemPrompt: string;
};

/** Chats that are stored nowhere. */
export type TemporaryService = ReturnType<typeof createTemporaryService>;

/** Creates the service. */
export function createTemporaryService(deps: TemporaryServiceDeps) {
  const { registry, temporary, newId } = deps;
  /** What is about to be started here, unless another process has it. */
  const starting = new Map<string, { readonly inputHash: string; readonly runId: Promise<string> }>();
  const toKey = ({ userId }: Viewer, requestId: string) => `${userId} ${requestId}`;

  function toRun(viewer: Viewer, input: TemporaryInput, inputHash: string): Run {
    return {
      id: newId.text("run"),
      userId: viewer.userId,
      requestId: input.requestId,
      inputHash,
      // Ids that nothing is stored under: the events have a place for them.
      conversationId: newId.integer(),
      userMessageId: null,
      assistantMessageId: newId.text("msg"),
      continuedMessageId: null,
      onDisconnect: "continue",
      model: input.model,
      state: "streaming",
      owner: deps.owner,
      errorCode: null,
      errorMessage: null,
      log: null,
      createdAt: deps.now(),
      endedAt: null,
    };
  }

  function begin(run: Run, prompt: readonly WireMessage[]): LiveRun {
    const live = registry.admit(run);
    temporary.add({ live, prompt });
    live.append(toRunStart(run));
    registry.start(live);
    return live;
  }

  /** The id of the answer that a request has started, or is starting, here. @throws DomainError `conflict` */
  function findStarted(
    viewer: Viewer,
    requestId: string,
    inputHash: string,
  ): Promise<string> | string | undefined {
    const live = temporary.findByRequestId(requestId, viewer.userId);
    const known = live?.run ?? starting.get(toKey(viewer, requestId));
    if (known !== undefined && known.inputHash !== inputHash)
      throw new DomainError("conflict", "This request id was already used for something else.");
    return live?.run.id ?? starting.get(toKey(viewer, requestId))?.runId;
  }

  /** Starts an answer, unless the same request starts one in another process. @returns the id of either. */
  async function startOnce(viewer: Viewer, run: Run, prompt: readonly WireMessage[]): Promise<string> {
    const elsewhere = await deps.claims.claim(viewer, run);
    if (elsewhere !== undefined) return elsewhere;
    try {
      return begin(run, prompt).run.id;
    } catch (error) {
      await deps.claims.release(run);
      throw error;
    }
  }

  /**
   * An answer that this process keeps, for another one that looks for it.
   *
   * @throws DomainError `not_found`; `conflict` for a request id that was used for something else.
   */
  async function findHere(viewer: Viewer, wanted: WantedTemporary): Promise<StartedRun> {
    const runId =
      "runId" in wanted ? wanted.runId : await findStarted(viewer, wanted.requestId, wanted.inputHash);
    const found = runId === undefined ? undefined : temporary.find(runId, viewer.userId);
    if (found === undefined) throw new DomainError("not_found", "There is no such answer.");
    return toStartedRun(found.run);
  }

  return {
    /**
     * Starts an answer that is stored nowhere, or joins the one that the same request id has started.
     *
     * @throws DomainError `conflict` for a request id that was used for something else; `not_found` for a caller that
     *   comes back for an answer which is gone: asking the model once more is for the caller to decide;
     *   `rate_limited`, `shutting_down`, `run_in_progress` when no answer can be started now.
     */
    async start(viewer: Viewer, input: TemporaryInput): Promise<{ runId: string }> {
      const { lastEventId, systemPrompt = deps.systemPrompt, messages } = input;
      const inputHash = hashInput("temporary", [input.model, input.systemPrompt, JSON.stringify(messages)]);
      const { requestId } = input;
      const known = findStarted(viewer, requestId, inputHash);
      if (known !== undefined) return { runId: await known };
      if (lastEventId !== undefined && lastEventId !== null && lastEventId !== "") {
        const found = await deps.elsewhere.find(viewer, { requestId, inputHash });
        if (found !== undefined) return { runId: found.runId };
        throw new DomainError("not_found", "This answer is gone: it was not stored.");
      }
      const system: WireMessage[] = systemPrompt === "" ? [] : [{ role: "system", content: systemPrompt }];
      const runId = startOnce(viewer, toRun(viewer, input, inputHash), [...system, ...messages]);
      const key = toKey(viewer, requestId);
      starting.set(key, { inputHash, runId });
      try {
        return { runId: await runId };
      } finally {
        starting.delete(key);
      }
    },

    findHere,
  };
}
