import type { Storage } from "@llm-backend/storage";
import { interruptRuns } from "../chat/interrupt-runs.ts";

/** What processes that are gone left behind. */
export type RecoveredOrphans = { readonly runsInterrupted: number; readonly reservationsReturned: number };

/**
 * Ends the runs of processes that are gone, with the text that they had stored, and gives back the money that they
 * held. Of processes that serve together one does it, whenever another one is gone.
 *
 * @param livingOwners - The processes that still drive what is theirs.
 */
export async function recoverOrphans(
  deps: { readonly storage: Storage; readonly now: () => number },
  livingOwners: readonly string[],
): Promise<RecoveredOrphans> {
  await deps.storage.transaction((tx) => tx.temporaryClaims.deleteOrphans(livingOwners));
  await deps.storage.transaction((tx) => tx.knowledgeJobs.releaseOthers(livingOwners));
  const runsInterrupted = await interruptRuns(deps, livingOwners);
  const reservationsReturned = await deps.storage.transaction((tx) =>
    tx.budgets.giveBackOrphans(livingOwners),
  );
  return { runsInterrupted, reservationsReturned };
}
