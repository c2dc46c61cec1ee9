import { setTimeout as pause } from "node:timers/promises";
import type { RelayedLog } from "@llm-backend/server";
import { unavailable, type RedisLink } from "../redis-link.ts";
import type { RelayPost } from "./relay-post.ts";

/** Puts the entries of runs into streams, as long as somebody elsewhere follows them. */
export type RunPumps = {
  /** Somebody follows, or still does; with `renew`, from the beginning. */
  follow(wanted: { runId: string; follower: string; renew: boolean }, log: RelayedLog): void;
  leave(runId: string, follower: string): void;
  close(): void;
};

type Pump = {
  /** Who follows, and until when without another word. */
  readonly followers: Map<string, number>;
  controller: AbortController;
  startedAt: number;
};

/** Followers say so often that they are still there; who has not for three times as long is gone. */
export const interestMs = 5_000;
const interestMsMax = 3 * interestMs;
/** A stream is shorter than this; whoever is further behind has the owner begin anew, in one entry. */
const entriesMax = 1_000;
const keptMs = 60_000;
/** A run is not begun anew more often than this, however many miss something at once. */
const renewMsLeast = 100;
const retryMs = 250;

/** The name of a run's stream. */
export const toStreamName = (runId: string): string => `run:${runId}`;

/** Creates the pumps of this process. */
export function createRunPumps(link: RedisLink, post: Pick<RelayPost, "channelOf" | "seal">): RunPumps {
  const pumps = new Map<string, Pump>();

  const stop = (runId: string) => {
    pumps.get(runId)?.controller.abort();
    pumps.delete(runId);
  };
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [runId, { followers }] of pumps) {
      for (const [follower, until] of followers) if (until < now) followers.delete(follower);
      if (followers.size === 0) stop(runId);
    }
  }, interestMs).unref();

  /** Adds an entry and wakes the followers, in one step; waits for a Redis that is away. */
  async function append(runId: string, fields: readonly string[], signal: AbortSignal): Promise<void> {
    const more = { kind: "more", runId } as const;
    while (!signal.aborted) {
      const channels = [...(pumps.get(runId)?.followers.keys() ?? [])].map(post.channelOf);
      const wakes = channels.flatMap((channel) => [channel, post.seal(channel, more)]);
      const key = link.key(toStreamName(runId));
      const added = await link.ask((client) =>
        client.appendToStream(key, entriesMax, keptMs, fields.length, ...fields, ...wakes),
      );
      if (added !== unavailable) return;
      await pause(retryMs, undefined, { signal }).catch(() => {});
    }
  }

  async function pump(runId: string, log: RelayedLog, { signal }: AbortController): Promise<void> {
    await link.ask((client) => client.del(link.key(toStreamName(runId))));
    let from = 0;
    // While an entry is on its way, what comes behind it is joined to one.
    for await (const { item, position } of log.follow(0, { signal })) {
      await append(
        runId,
        ["from", String(from), "to", String(position), "item", JSON.stringify(item)],
        signal,
      );
      from = position;
    }
    await append(runId, ["end", String(from)], signal);
  }

  function start(runId: string, log: RelayedLog): void {
    const pumped = pumps.get(runId);
    if (pumped === undefined) return;
    pumped.controller.abort();
    pumped.controller = new AbortController();
    pumped.startedAt = performance.now();
    // A pump that was ended has nothing to say; whatever else fails, followers find missing and ask anew.
    pump(runId, log, pumped.controller).catch(() => {});
  }

  return {
    follow({ runId, follower, renew }, log) {
      const until = performance.now() + interestMsMax;
      const known = pumps.get(runId);
      if (known === undefined) {
        const followers = new Map([[follower, until]]);
        pumps.set(runId, { followers, controller: new AbortController(), startedAt: 0 });
        return start(runId, log);
      }
      known.followers.set(follower, until);
      if (renew && performance.now() - known.startedAt > renewMsLeast) start(runId, log);
    },
    leave(runId, follower) {
      const followers = pumps.get(runId)?.followers;
      followers?.delete(follower);
      if (followers?.size === 0) stop(runId);
    },
    close() {
      clearInterval(timer);
      for (const runId of pumps.keys()) stop(runId);
    },
  };
}
