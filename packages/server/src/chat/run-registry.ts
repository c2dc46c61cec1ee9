import { DomainError } from "@llm-backend/contract";
import type { Run } from "@llm-backend/storage";
import {
  createLiveRun,
  type AppendListener,
  type EndReason,
  type LiveRun,
  type RunLookUp,
} from "./live-run.ts";
import { createTally } from "./tally.ts";

/** How many runs there may be. */
export type RunLimits = {
  /** Runs of one user at once. */
  readonly perUser: number;
  /** Runs of one conversation: one that runs, and those that wait for it. */
  readonly perConversation: number;
};

/** The runs that this process drives. A run belongs to the process, never to a connection. */
export type RunRegistry = {
  /**
   * Takes a run in, before its rows are committed, so that whoever finds the rows finds the run too.
   *
   * @throws DomainError `rate_limited`, `run_in_progress`, or `shutting_down`.
   */
  admit(run: Run, lookUp?: RunLookUp): LiveRun;
  /** Forgets a run whose rows were not committed. */
  withdraw(live: LiveRun): void;
  /** Starts a run, or lines it up behind the runs of its conversation: a conversation answers one thing at a time. */
  start(live: LiveRun): void;
  find(runId: string): LiveRun | undefined;
  /** Ends all runs of a conversation. */
  endConversation(conversationId: number, reason: EndReason): void;
  /** Ends all runs of a user; resolves when their endings are stored. */
  endUser(userId: number, reason: EndReason): Promise<void>;
  /** Takes no more runs, waits for those under way until `until` is aborted, then interrupts the rest. */
  drain(until: AbortSignal): Promise<void>;
};

/** What the registry stands on. */
export type RunRegistryOptions = {
  readonly execute: (live: LiveRun) => Promise<void>;
  readonly onAppend: AppendListener;
  readonly limits: RunLimits;
};

/** Creates the registry. */
export function createRunRegistry(options: RunRegistryOptions): RunRegistry {
  const runs = new Map<string, LiveRun>();
  const executing = new Set<LiveRun>();
  /** Per conversation, in order; the first one runs. */
  const queues = new Map<number, LiveRun[]>();
  const perUser = createTally();
  const perConversation = createTally();
  let isDraining = false;

  function execute(live: LiveRun): void {
    if (executing.has(live)) return;
    executing.add(live);
    void options.execute(live).finally(() => leave(live));
  }

  function leave(live: LiveRun): void {
    executing.delete(live);
    forget(live);
    const { conversationId } = live.run;
    const rest = (queues.get(conversationId) ?? []).filter((other) => other !== live);
    if (rest[0] === undefined) {
      queues.delete(conversationId);
    } else {
      queues.set(conversationId, rest);
      execute(rest[0]);
    }
  }

  function forget(live: LiveRun): void {
    runs.delete(live.run.id);
    perUser.remove(live.run.userId);
    perConversation.remove(live.run.conversationId);
  }

  return {
    admit(run, lookUp) {
      if (isDraining) throw new DomainError("shutting_down");
      if (perConversation.count(run.conversationId) >= options.limits.perConversation) {
        throw new DomainError("run_in_progress");
      }
      if (perUser.count(run.userId) >= options.limits.perUser) {
        throw new DomainError(
          "rate_limited",
          `At most ${options.limits.perUser} answers can be written at once.`,
          { details: { retryAfterMs: 1000 } },
        );
      }
      const live = createLiveRun(run, options.onAppend, lookUp);
      runs.set(run.id, live);
      perUser.add(run.userId);
      perConversation.add(run.conversationId);
      return live;
    },
    withdraw(live) {
      forget(live);
      live.finish();
    },
    start(live) {
      const queue = queues.get(live.run.conversationId);
      if (queue === undefined) queues.set(live.run.conversationId, [live]);
      else queue.push(live);
      // A run that is ended while it waits is not made to wait for its turn to learn that it has none.
      live.signal.addEventListener("abort", () => execute(live), { once: true });
      if (queue === undefined || live.signal.aborted) execute(live);
    },
    find: (runId) => runs.get(runId),
    endConversation(conversationId, reason) {
      for (const live of runs.values()) if (live.run.conversationId === conversationId) live.end(reason);
    },
    async endUser(userId, reason) {
      const own = runs
        .values()
        .filter((live) => live.run.userId === userId)
        .toArray();
      for (const live of own) live.end(reason);
      await allEnded(own);
    },
    async drain(until) {
      isDraining = true;
      const { promise: isOver, resolve } = Promise.withResolvers<void>();
      until.addEventListener("abort", () => resolve(), { once: true });
      if (!until.aborted) await Promise.race([allEnded(runs.values()), isOver]);
      for (const live of runs.values()) live.end("shutdown");
      await allEnded(runs.values());
    },
  };
}

async function allEnded(runs: Iterable<LiveRun>): Promise<void> {
  await Promise.all(Array.from(runs, (live) => live.ended));
}
