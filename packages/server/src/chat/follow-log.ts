import { toEventId, type EventId, type RunEvent } from "@llm-backend/contract";
import type { LoadedLog } from "./stored-log.ts";

/** One event on its way to a follower, with the id under which the follower comes back for what is behind it. */
export type FollowedEvent = { readonly id: EventId; readonly event: RunEvent };

/** From where, and until when, a follower reads. */
export type FollowOptions = {
  readonly runId: string;
  readonly position: number;
  readonly signal?: AbortSignal;
};

/**
 * Reads a run's log from a position to its end. A follower that has seen text which a crash took gets an
 * `answer-reset` and the whole stored answer, so that it ends with exactly what is stored.
 */
export async function* followLog(
  loaded: LoadedLog,
  options: FollowOptions,
): AsyncGenerator<FollowedEvent, void> {
  const { log, lost } = loaded;
  let position = options.position;
  if (lost !== undefined && position > lost[0] && position < lost[1]) {
    // Position 1 is behind `run-start`, where the text begins.
    position = 1;
    yield { id: toEventId(options.runId, position), event: { type: "answer-reset" } };
  }
  const follow = log.follow(position, options.signal === undefined ? {} : { signal: options.signal });
  for await (const entry of follow) {
    yield { id: toEventId(options.runId, entry.position), event: entry.item };
  }
}
