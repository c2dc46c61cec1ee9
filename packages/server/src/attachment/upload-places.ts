import { DomainError } from "@llm-backend/contract";

/** More files at once nobody sends; what is on its way counts for no quota yet. */
const uploadsPerUser = 8;

/** The uploads under way in this process, by user. */
export type UploadPlaces = {
  /**
   * Takes a place until it is disposed of.
   *
   * @throws DomainError `rate_limited` when the user has too many.
   */
  take(userId: number): Disposable;
};

/** Creates places that are all free. */
export function createUploadPlaces(): UploadPlaces {
  const taken = new Map<number, number>();
  return {
    take(userId) {
      const before = taken.get(userId) ?? 0;
      if (before >= uploadsPerUser) {
        throw new DomainError("rate_limited", `No more than ${uploadsPerUser} files can be sent at once.`);
      }
      taken.set(userId, before + 1);
      return {
        [Symbol.dispose]() {
          const left = (taken.get(userId) ?? 1) - 1;
          if (left === 0) taken.delete(userId);
          else taken.set(userId, left);
        },
      };
    },
  };
}
