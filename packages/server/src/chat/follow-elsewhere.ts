import { setTimeout as pause } from "node:timers/promises";
import { isTerminalEvent, toEventId, type RunEvent } from "@llm-backend/contract";
import { splitText } from "@llm-backend/stream";
import { OwnerLost, type RelayedEntry, type RunRelay } from "../relay/run-relay.ts";
import { followLog, type FollowedEvent, type FollowOptions } from "./follow-log.ts";
import { isDelta } from "./run-log.ts";
import type { LoadedLog } from "./stored-log.ts";

/** Where a run is now: in the database, ended, or at the process that drives it. */
export type RunPlace = LoadedLog | { readonly owner: string };

/** What following stands on. */
export type FollowElsewhereDeps = {
  readonly relay: Pick<RunRelay, "follow">;
  /** Finds out where the run is, as the database has it now. @throws DomainError when it is gone. */
  readonly locate: () => Promise<RunPlace>;
  /** What is stored of a run that did not end, with the ending that it will get. */
  readonly readRest: () => Promise<LoadedLog>;
  /** @default 100 */
  readonly pauseMs?: number;
};

/** How often an owner that is gone is asked for again, until its runs are ended; then what is stored is all there is. */
const lostTriesMax = 50;
const lostPauseMs = 100;

/**
 * Follows a run that another process drives, to its end: there, or in the database when that process is gone. What it
 * yields joins without a gap or a repetition, whatever the way there lost or sent twice.
 */
export async function* followElsewhere(
  deps: FollowElsewhereDeps,
  options: FollowOptions,
): AsyncGenerator<FollowedEvent, void> {
  const { runId, signal } = options;
  let { position } = options;
  for (let lost = 0; signal?.aborted !== true; lost++) {
    const place = lost < lostTriesMax ? await deps.locate() : await deps.readRest();
    if ("log" in place) {
      yield* followLog(place, { ...options, position });
      return;
    }
    if (lost > 0) await pause(deps.pauseMs ?? lostPauseMs);
    const from = { position, ...(signal === undefined ? {} : { signal }) };
    for await (const entry of readNew(deps.relay.follow(place.owner, runId, from), position)) {
      lost = 0;
      ({ position } = entry);
      yield { id: toEventId(runId, position), event: entry.item };
      if (isTerminalEvent(entry.item)) return;
    }
  }
}

/** What of the entries was not seen yet, up to where one is missing, or the owner is lost. */
async function* readNew(
  entries: AsyncIterable<RelayedEntry>,
  seenBefore: number,
): AsyncGenerator<RelayedEntry, void> {
  let seen = seenBefore;
  try {
    for await (const entry of entries) {
      const item = toNext(entry, seen);
      if (item === "missing") return;
      if (item === "seen") continue;
      seen = entry.position;
      yield { item, position: seen };
    }
  } catch (error) {
    if (!(error instanceof OwnerLost)) throw error;
  }
}

/** What an entry says that was not seen yet. */
function toNext({ item, position }: RelayedEntry, seen: number): RunEvent | "seen" | "missing" {
  if (position <= seen) return "seen";
  const units = isDelta(item) ? item.text.length : 1;
  const start = position - units;
  if (start > seen) return "missing";
  if (start === seen || !isDelta(item)) return item;
  return { type: item.type, text: splitText(item.text, seen - start)[1] };
}
