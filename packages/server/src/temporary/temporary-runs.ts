import type { RunState, TerminalEvent, WireMessage } from "@llm-backend/contract";
import type { Run } from "@llm-backend/storage";
import type { LiveRun } from "../chat/live-run.ts";
import { endStates } from "../chat/save-run.ts";

/** An answer that is stored nowhere. */
export type TemporaryRun = {
  readonly live: LiveRun;
  /** What the model is asked. */
  readonly prompt: readonly WireMessage[];
};

/** The temporary answers of this process: those under way, and for a while those that have ended. */
export type TemporaryRuns = {
  add(temporary: TemporaryRun): void;
  /** An answer that this process keeps, and where it stands; a foreign one is an absent one. */
  find(runId: string, userId: number): { readonly live: LiveRun; readonly run: Run } | undefined;
  /** What an answer that this process keeps has said, whoever's it is. */
  findLive(runId: string): LiveRun | undefined;
  findByRequestId(requestId: string, userId: number): LiveRun | undefined;
  /** What a live run asks; undefined for a run that is stored. */
  readPrompt(live: LiveRun): readonly WireMessage[] | undefined;
  /** Notes the end of an answer, which from here on is kept for a while only. */
  end(live: LiveRun, ending: TerminalEvent): void;
  close(): void;
};

type Kept = { readonly temporary: TemporaryRun; state: RunState; timer?: NodeJS.Timeout };

/** So many ended answers of one user are kept at most; older ones are forgotten at once. */
const endedPerUserMax = 10;

/** Creates the list. An answer that has ended can be followed for `keptMs` more. */
export function createTemporaryRuns({ keptMs }: { keptMs: number }): TemporaryRuns {
  const runs = new Map<string, Kept>();
  const byRequest = new Map<string, Kept>();

  const toKey = (requestId: string, userId: number) => `${userId} ${requestId}`;

  function forget(kept: Kept): void {
    const { id, requestId, userId } = kept.temporary.live.run;
    clearTimeout(kept.timer);
    runs.delete(id);
    byRequest.delete(toKey(requestId, userId));
  }

  function forgetOldest(userId: number): void {
    const ended = runs
      .values()
      .filter(({ temporary, timer }) => timer !== undefined && temporary.live.run.userId === userId)
      .toArray();
    for (const kept of ended.slice(0, Math.max(0, ended.length - endedPerUserMax))) forget(kept);
  }

  return {
    add(temporary) {
      const { id, requestId, userId } = temporary.live.run;
      const kept: Kept = { temporary, state: "streaming" };
      runs.set(id, kept);
      byRequest.set(toKey(requestId, userId), kept);
    },
    find(runId, userId) {
      const kept = runs.get(runId);
      if (kept === undefined || kept.temporary.live.run.userId !== userId) return undefined;
      const { live } = kept.temporary;
      return { live, run: { ...live.run, state: kept.state } };
    },
    findLive: (runId) => runs.get(runId)?.temporary.live,
    findByRequestId: (requestId, userId) => byRequest.get(toKey(requestId, userId))?.temporary.live,
    readPrompt: (live) => runs.get(live.run.id)?.temporary.prompt,
    end(live, ending) {
      const kept = runs.get(live.run.id);
      if (kept === undefined) return;
      kept.state = endStates[ending.type];
      kept.timer = setTimeout(() => forget(kept), keptMs).unref();
      forgetOldest(live.run.userId);
    },
    close() {
      for (const kept of runs.values()) clearTimeout(kept.timer);
      runs.clear();
      byRequest.clear();
    },
  };
}
