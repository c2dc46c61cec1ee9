import { DomainError } from "@llm-backend/contract";
import { createTally } from "../chat/tally.ts";

/** What users have under way of one kind, in this process. */
export type UserPlaces = {
  /**
   * Takes a place until it is disposed of.
   *
   * @throws DomainError `rate_limited` for who has as many as one may have.
   */
  take(userId: number): Disposable;
};

/** One may end at any moment: it is worth another try after this time. */
const retryAfterMs = 1000;

/**
 * Creates places that are all free.
 *
 * @param refusal - One sentence for who has taken all of theirs.
 */
export function createUserPlaces(perUser: number, refusal: string): UserPlaces {
  const taken = createTally();
  return {
    take(userId) {
      if (taken.count(userId) >= perUser)
        throw new DomainError("rate_limited", refusal, { details: { retryAfterMs } });
      taken.add(userId);
      return { [Symbol.dispose]: () => taken.remove(userId) };
    },
  };
}
