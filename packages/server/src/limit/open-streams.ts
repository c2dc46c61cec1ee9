import { DomainError } from "@llm-backend/contract";
import { createTally } from "../chat/tally.ts";
import type { Place, SharedLimits } from "./shared-limits.ts";

/** The streams that users have open. */
export type OpenStreams = {
  /** @throws DomainError `rate_limited` for who has as many open here as one may have. */
  requireFree(userId: number): void;
  /**
   * Counts a stream, here and at the other processes. A promise only where those are asked.
   *
   * @throws DomainError `rate_limited`
   */
  take(userId: number): Place | Promise<Place>;
};

/** How many there may be, and who counts beside this process. */
export type OpenStreamsOptions = {
  readonly perUser: number;
  readonly sharedLimits: SharedLimits | undefined;
};

/** A stream may end at any moment: its place is worth another look after this time. */
const retryAfterMs = 1000;

/** Creates the count. */
export function createOpenStreams({ perUser, sharedLimits }: OpenStreamsOptions): OpenStreams {
  const streams = createTally();
  const refuse = () =>
    new DomainError("rate_limited", `At most ${perUser} streams can be open at once.`, {
      details: { retryAfterMs },
    });

  function requireFree(userId: number): void {
    if (streams.count(userId) >= perUser) throw refuse();
  }

  function takeHere(userId: number): Place {
    requireFree(userId);
    streams.add(userId);
    return { release: () => streams.remove(userId) };
  }

  async function takeEverywhere(shared: SharedLimits, userId: number): Promise<Place> {
    const here = takeHere(userId);
    const place = await shared.takePlace(`streams:${userId}`, perUser);
    if (place !== "full") {
      return {
        release() {
          here.release();
          place?.release();
        },
      };
    }
    here.release();
    throw refuse();
  }

  return {
    requireFree,
    take: (userId) => (sharedLimits === undefined ? takeHere(userId) : takeEverywhere(sharedLimits, userId)),
  };
}
