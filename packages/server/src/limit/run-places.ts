import { DomainError } from "@llm-backend/contract";
import type { Place, SharedLimits } from "./shared-limits.ts";

/** The answers that are being written for users, over all processes. */
export type RunPlaces = {
  /**
   * Counts an answer; `isKnown` tells whether it is one that there is already, which takes no place.
   *
   * @throws DomainError `rate_limited`
   */
  take(userId: number, isKnown: () => Promise<boolean>): Promise<Place | undefined>;
};

/** Creates the count; undefined for a process that counts alone, which its registry does. */
export function createRunPlaces(
  sharedLimits: SharedLimits | undefined,
  perUser: number,
): RunPlaces | undefined {
  if (sharedLimits === undefined) return undefined;
  return {
    async take(userId, isKnown) {
      const place = await sharedLimits.takePlace(`runs:${userId}`, perUser);
      if (place !== "full") return place;
      if (await isKnown()) return undefined;
      throw new DomainError("rate_limited", `At most ${perUser} answers can be written at once.`, {
        details: { retryAfterMs: 1000 },
      });
    },
  };
}
