import { setTimeout as pause } from "node:timers/promises";
import type { RelayedLog } from "@llm-backend/server";
import { unavailable, type RedisLink } from "../redis-link.ts";
import { createPumpFollowers, type PumpFollowers } from "./pump-followers.ts";
import type { WantedRun } from "./relay-message.ts";
import type { RelayPost } from "./relay-post.ts";

/** Puts the entries of runs into streams, as long as somebody elsewhere follows them. */
export type RunPumps = {
  /** A process follows, or still does; with `renew`, from the beginning. */
  follow(wanted: WantedRun, log: RelayedLog): void;
  /** A process has taken so much. */
  took(runId: string, follower: string, position: number): void;
  leave(runId: string, follower: string): void;
  close(): void;
};

type Pump = { readonly followers: PumpFollowers; controller: AbortController; startedAt: number };

/** Followers say so often that they are still there. */
export const interestMs = 5_000;
/** A stream is shorter than this; whoever is further behind has the owner begin anew, in fewer entries. */
const entriesMax = 1_000;
const keptMs = 60_000;
/** What has ended is in the database. */
const keptAtEndMs = 2_000;
/** A run is not begun anew more often than this, however many miss something at once. */
const renewMsLeast = 100;
const retryMs = 250;

/** The name of a run's stream. */
export const toStreamName = (runId: string): string => `run:${runId}`;

/** Creates the pumps of this process. */
export function createRunPumps(link: RedisLink, post: Pick<RelayPost, "channelOf" | "seal">): RunPumps {
  const pumps = new Map<string, Pump>();

  function stop(runId: string): void {
    pumps.get(runId)?.controller.abort();
    pumps.delete(runId);
    // Nobody reads it any more, and its conversation may have been deleted.
    void link.ask((client) => client.del(link.key(toStreamName(runId))));
  }
  const timer = setInterval(() => {
    for (const [runId, { followers }] of pumps) if (followers.forgetSilent() === 0) stop(runId);
  }, interestMs).unref();

  /** Adds an entry and wakes the followers, in one step; waits for a Redis that is away. */
  async function append(
    where: { runId: string; followers: PumpFollowers },
    fields: readonly string[],
    given: { signal: AbortSignal; keptMs: number },
  ): Promise<void> {
    const { signal } = given;
    const more = { kind: "more", runId: where.runId } as const;
    const key = link.key(toStreamName(where.runId));
    while (!signal.aborted) {
      const channels = where.followers.names().map((name) => post.channelOf(name));
      const wakes = channels.flatMap((channel) => [channel, post.seal(channel, more)]);
      const added = await link.ask((client) =>
        client.appendToStream(key, entriesMax, given.keptMs, fields.length, ...fields, ...wakes),
      );
      if (added !== unavailable) return;
      await pause(retryMs, undefined, { signal }).catch(() => {});
    }
  }

  async function run(runId: string, { followers, controller }: Pump, log: RelayedLog): Promise<void> {
    const { signal } = controller;
    await link.ask((client) => client.del(link.key(toStreamName(runId))));
    const where = { runId, followers };
    let from = 0;
    // While an entry is on its way, what comes behind it is joined to one.
    for await (const { item, position } of log.follow(0, { signal })) {
      const entry = ["from", String(from), "to", String(position), "item", JSON.stringify(item)];
      await append(where, entry, { signal, keptMs });
      from = position;
      await followers.untilTaken(from, signal);
    }
    await append(where, ["end", String(from)], { signal, keptMs: keptAtEndMs });
  }

  function start(runId: string, pump: Pump, log: RelayedLog): void {
    pump.controller.abort();
    pump.controller = new AbortController();
    pump.startedAt = performance.now();
    const { signal } = pump.controller;
    run(runId, pump, log)
      .then(() => {
        // Its stream is about to expire: whoever asks from here on, for a log that is kept, gets another one.
        if (!signal.aborted && pumps.get(runId) === pump) pumps.delete(runId);
      })
      // A pump that was ended has nothing to say; whatever else fails, followers find missing and ask anew.
      .catch(() => {});
  }

  return {
    follow({ runId, follower, position, renew }, log) {
      let pump = pumps.get(runId);
      const isNew = pump === undefined;
      pump ??= {
        followers: createPumpFollowers(3 * interestMs),
        controller: new AbortController(),
        startedAt: 0,
      };
      pumps.set(runId, pump);
      pump.followers.note(follower, position);
      if (isNew || (renew && performance.now() - pump.startedAt > renewMsLeast)) start(runId, pump, log);
    },
    took: (runId, follower, position) => pumps.get(runId)?.followers.note(follower, position),
    leave(runId, follower) {
      if (pumps.get(runId)?.followers.remove(follower) === 0) stop(runId);
    },
    close() {
      clearInterval(timer);
      for (const runId of pumps.keys()) stop(runId);
    },
  };
}
