import { OwnerLost, type RelayedEntry, type RelayFollowOptions } from "@llm-backend/server";
import type { RedisLink } from "../redis-link.ts";
import { readRunStream, type StreamPart } from "./read-run-stream.ts";
import type { RelayCalls } from "./relay-calls.ts";
import { interestMs } from "./run-pump.ts";
import type { Wakes } from "./wakes.ts";

/** What following stands on. */
export type RunFollowerDeps = {
  readonly link: RedisLink;
  /** The name of this process. */
  readonly name: string;
  readonly calls: Pick<RelayCalls, "call">;
  readonly wakes: Wakes;
};

/** A wake-up that got lost costs no more than this. */
const lookMs = 500;
/** A Redis that is away for longer is given up: the database has what can be had meanwhile. */
const awayMsMax = 2_000;

/** How far a follower has come. */
type Reading = {
  /** What it has of the run. */
  position: number;
  /** What it has of the stream. */
  last: string;
  /** Whether the owner still had the run when it was asked. */
  isThere: boolean;
  askedAt: number;
  readAt: number;
};

/**
 * Reads the stream of a run that another process drives, to its end. What is missing there is asked for anew; whoever
 * reads drops what it has seen.
 *
 * @throws OwnerLost
 */
export async function* followRun(
  deps: RunFollowerDeps,
  where: { readonly owner: string; readonly runId: string },
  { position, signal }: RelayFollowOptions,
): AsyncGenerator<RelayedEntry, void> {
  const { owner, runId } = where;
  const reading: Reading = { position, last: "0", isThere: true, askedAt: 0, readAt: performance.now() };

  async function ask(renew: boolean): Promise<void> {
    reading.askedAt = performance.now();
    const request = { type: "follow", runId, follower: deps.name, renew } as const;
    const { isThere } = (await deps.calls.call(owner, request)) as { readonly isThere: boolean };
    reading.isThere = isThere;
  }

  /** What is new in the stream; nothing while Redis is away. */
  async function readOn(): Promise<readonly StreamPart[]> {
    const page = await readRunStream(deps.link, runId, reading.last);
    const now = performance.now();
    if (page !== undefined) {
      reading.readAt = now;
      reading.last = page.last;
    }
    if (now - reading.readAt > awayMsMax) throw new OwnerLost(owner);
    return page?.parts ?? [];
  }

  using wake = deps.wakes.wait(runId);
  await ask(false);
  while (signal?.aborted !== true) {
    if (performance.now() - reading.askedAt > interestMs) await ask(false);
    wake.reset();
    const parts = await readOn();
    const { entries, isEnded, isMissing } = sortOut(parts, reading);
    yield* entries;
    // The stream may still have what its owner has no more.
    if (isEnded || (parts.length === 0 && !reading.isThere)) return;
    if (isMissing) {
      await ask(true);
      reading.last = "0";
    }
    if (entries.length === 0) await wake.wait(lookMs, signal);
  }
}

/** The entries up to the end of the run, or to where something is missing. */
function sortOut(parts: readonly StreamPart[], reading: Reading) {
  const entries: RelayedEntry[] = [];
  for (const part of parts) {
    if (part.from > reading.position) return { entries, isEnded: false, isMissing: true };
    if (part.type === "end") return { entries, isEnded: true, isMissing: false };
    reading.position = Math.max(reading.position, part.entry.position);
    entries.push(part.entry);
  }
  return { entries, isEnded: false, isMissing: false };
}
