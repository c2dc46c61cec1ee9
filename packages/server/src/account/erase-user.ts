import { DomainError } from "@llm-backend/contract";
import type { Storage } from "@llm-backend/storage";
import { removeLeftovers } from "../knowledge/remove-leftovers.ts";

/** What removing a user stands on. */
export type EraseUserDeps = {
  readonly storage: Storage;
  readonly now: () => number;
  /**
   * Ends what the user has under way in this process, and resolves when all of it is written down: to be taken away
   * with the rest.
   */
  readonly cutOff?: (userId: number) => Promise<void>;
};

/** So much is removed in one transaction: others want to write as well. */
const conversationsPerStep = 20;
const linesPerStep = 500;

/**
 * Removes a user with everything that is theirs. With the first step the account is nobody's, and nobody can use it;
 * the rest goes step by step. What a crash leaves over, `finishErasures` takes away.
 *
 * @throws DomainError `conflict` for the last administrator.
 */
export async function eraseUser(deps: EraseUserDeps, userId: number): Promise<void> {
  const { storage } = deps;
  await storage.transaction(async (tx) => {
    const at = deps.now();
    const before = await tx.users.countActive("admin");
    await tx.sessions.revokeAll(userId, { now: at });
    await tx.erasures.begin(userId, at);
    if (before > 0 && (await tx.users.countActive("admin")) === 0) {
      throw new DomainError("conflict", "This is the last administrator; make another one first.");
    }
  });
  await deps.cutOff?.(userId);
  await finishErasure(deps, userId);
}

/**
 * Takes away what is left of accounts whose removal was cut off.
 *
 * @throws the signal's reason, between two steps, once it is aborted.
 */
export async function finishErasures(deps: ErasureDeps, signal?: AbortSignal): Promise<void> {
  for (const userId of await deps.storage.erasures.listBegun()) await finishErasure(deps, userId, signal);
}

type ErasureDeps = Pick<EraseUserDeps, "storage" | "now">;

async function finishErasure(deps: ErasureDeps, userId: number, signal?: AbortSignal): Promise<void> {
  const { storage, now } = deps;
  /** Repeats a step until it has less to do than it may. */
  async function inSteps(size: number, step: () => Promise<number>): Promise<void> {
    do signal?.throwIfAborted();
    while ((await step()) === size);
  }
  await storage.transaction((tx) => tx.bases.deleteOwn(userId, now()));
  await removeLeftovers(deps, signal);
  const conversations = { upTo: Number.MAX_SAFE_INTEGER, limit: conversationsPerStep };
  await inSteps(conversationsPerStep, () =>
    storage.transaction(async (tx) => (await tx.conversations.deleteOldest(userId, conversations)).length),
  );
  await inSteps(linesPerStep, () =>
    storage.transaction((tx) => tx.erasures.forgetLedger(userId, linesPerStep)),
  );
  await inSteps(linesPerStep, () =>
    storage.transaction((tx) => tx.erasures.forgetRecords(userId, linesPerStep)),
  );
  signal?.throwIfAborted();
  await storage.transaction((tx) => tx.erasures.finish(userId));
}
