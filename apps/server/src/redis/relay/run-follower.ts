import { OwnerLost, type RelayedEntry, type RelayFollowOptions } from "@llm-backend/server";
import type { RedisLink } from "../redis-link.ts";
import { readRunStream, type StreamPart } from "./read-run-stream.ts";
import type { RelayCalls } from "./relay-calls.ts";
import type { RelayPost } from "./relay-post.ts";
import { interestMs } from "./run-pump.ts";
import type { Wakes } from "./wakes.ts";

/** What following stands on. */
export type RunFollowerDeps = {
  readonly link: RedisLink;
  /** The name of this process. */
  readonly name: string;
  readonly calls: Pick<RelayCalls, "call">;
  readonly post: Pick<RelayPost, "send" | "isThere">;
  readonly wakes: Wakes;
};

/** A wake-up that got lost costs no more than this. */
const lookMs = 500;
/** A Redis that is away for longer is given up: the database has what can be had meanwhile. */
const awayMsMax = 2_000;
/** After so many characters the owner is told that there is room again. */
const tellUnits = 65_536;

type RunPlace = { readonly owner: string; readonly runId: string };

/** How far a follower has come. */
type Reading = {
  /** What it has of the run, and what it has said that it has. */
  position: number;
  told: number;
  /** What it has of the stream. */
  last: string;
  /** Whether the owner still had the run when it was asked. */
  isThere: boolean;
  askedAt: number;
  readAt: number;
};

/**
 * Reads the stream of a run that another process drives, to its end. What is missing there is asked for anew.
 *
 * @throws OwnerLost
 */
export async function* followRun(
  deps: RunFollowerDeps,
  where: { readonly owner: string; readonly runId: string },
  { position, signal }: RelayFollowOptions,
): AsyncGenerator<RelayedEntry, void> {
  const { owner, runId } = where;
  const reading: Reading = {
    position,
    told: position,
    last: "0",
    isThere: true,
    askedAt: 0,
    readAt: performance.now(),
  };
  using wake = deps.wakes.wait(runId, owner);
  const owned = askOwner(deps, where, reading);
  await owned.ask(false);
  while (signal?.aborted !== true) {
    if (wake.isGone()) throw new OwnerLost(owner);
    if (performance.now() - reading.askedAt > interestMs) await owned.ask(false);
    wake.reset();
    const parts = await readOn(deps.link, where, reading);
    const next = sortOut(parts, reading.position);
    for (const entry of next.entries) {
      reading.position = Math.max(reading.position, entry.position);
      yield entry;
      if (reading.position - reading.told > tellUnits) owned.tell();
    }
    // The stream may still have what its owner has no more.
    if (next.isEnded || (parts.length === 0 && !reading.isThere)) return;
    if (next.isMissing) {
      reading.last = "0";
      await owned.ask(true);
    }
    if (next.entries.length > 0) continue;
    owned.tell();
    await wake.wait(lookMs, signal);
    if (!wake.isTold()) await owned.requireThere();
  }
}

/** What a follower says to the owner of its run. */
function askOwner(deps: RunFollowerDeps, { owner, runId }: RunPlace, reading: Reading) {
  let missed = 0;
  return {
    /** Asks for the run; with `renew`, for all of it. @throws OwnerLost */
    async ask(renew: boolean): Promise<void> {
      reading.askedAt = performance.now();
      const { position } = reading;
      const request = { type: "follow", runId, follower: deps.name, position, renew } as const;
      const { isThere } = (await deps.calls.call(owner, request)) as { readonly isThere: boolean };
      reading.isThere = isThere;
    },
    /** Says how much was taken; nobody waits for it. */
    tell(): void {
      if (reading.told === reading.position) return;
      reading.told = reading.position;
      void deps.post.send(owner, { kind: "took", runId, follower: deps.name, position: reading.position });
    },
    /** One look may find an owner who is just connecting again. @throws OwnerLost */
    async requireThere(): Promise<void> {
      missed = (await deps.post.isThere(owner)) === false ? missed + 1 : 0;
      if (missed > 1) throw new OwnerLost(owner);
    },
  };
}

/** What is new in the stream; nothing while Redis is away. @throws OwnerLost where it is away for long. */
async function readOn(
  link: RedisLink,
  { owner, runId }: RunPlace,
  reading: Reading,
): Promise<readonly StreamPart[]> {
  const page = await readRunStream(link, runId, reading.last);
  const now = performance.now();
  if (page !== undefined) {
    reading.readAt = now;
    reading.last = page.last;
  }
  if (now - reading.readAt > awayMsMax) throw new OwnerLost(owner);
  return page?.parts ?? [];
}

/** The entries behind a position, up to the end of the run, or to where something is missing. */
function sortOut(parts: readonly StreamPart[], position: number) {
  const entries: RelayedEntry[] = [];
  let seen = position;
  for (const part of parts) {
    if (part.from > seen) return { entries, isEnded: false, isMissing: true };
    if (part.type === "end") return { entries, isEnded: true, isMissing: false };
    if (part.entry.position <= seen) continue;
    seen = part.entry.position;
    entries.push(part.entry);
  }
  return { entries, isEnded: false, isMissing: false };
}
