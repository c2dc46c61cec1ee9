import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { DomainError } from "@llm-backend/contract";
import type { Run, Storage, TemporaryClaim } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import type { TemporariesElsewhere } from "./temporary-elsewhere.ts";

/**
 * Which process answers a request that is stored nowhere. No process can know by asking the others that none of them
 * begins with it in the same moment: a row decides, which holds the owner's name and nothing of the chat.
 */
export type RequestClaims = {
  /**
   * Makes a request this process's own.
   *
   * @returns The id of the run that answers it in another process; undefined: it is for this one to begin.
   * @throws DomainError `conflict` as the owner does; `run_in_progress` where the owner can neither be asked nor seen to
   *   be gone.
   */
  claim(viewer: Viewer, run: Run): Promise<string | undefined>;
  /** Takes a claim back whose run could not be begun. */
  release(run: Run): Promise<void>;
  /** Removes claims whose answers are long gone. */
  sweep(now: number): Promise<void>;
};

type ClaimDeps = {
  readonly storage: Pick<Storage, "relaxedTransaction">;
  readonly elsewhere: Pick<TemporariesElsewhere, "ask">;
  /** Whether no other process serves: then there is nothing to decide. */
  readonly isAlone: boolean;
};

/** An owner that is gone has its claims removed within a moment. */
const triesMax = 50;
const pauseMs = 100;
/** Longer than any answer takes, and is kept. */
const keptMs = 24 * 3_600_000;

/** Creates the claims. */
export function createRequestClaims({ storage, elsewhere, isAlone }: ClaimDeps): RequestClaims {
  if (isAlone) {
    const nothing = () => Promise.resolve(undefined);
    return { claim: nothing, release: nothing, sweep: nothing };
  }
  return {
    async claim(viewer, run) {
      const wanted = toClaim(run);
      const { requestId, inputHash } = run;
      for (let tries = 1; tries <= triesMax; tries++) {
        const seen = await storage.relaxedTransaction((tx) => tx.temporaryClaims.insertOrFind(wanted));
        if (seen.runId === run.id) return undefined;
        // What this process does not have any more is gone.
        const found =
          seen.owner === run.owner
            ? "gone"
            : await elsewhere.ask(viewer, seen.owner, { requestId, inputHash });
        if (typeof found === "object") return found.runId;
        const isOurs =
          found === "gone" &&
          (await storage.relaxedTransaction((tx) => tx.temporaryClaims.replace(wanted, seen.runId)));
        if (isOurs) return undefined;
        if (found === "silent") await pause(pauseMs);
      }
      throw new DomainError("run_in_progress", "This request is being answered elsewhere.");
    },
    release: (run) => storage.relaxedTransaction((tx) => tx.temporaryClaims.delete(toClaim(run))),
    sweep: (now) => storage.relaxedTransaction((tx) => tx.temporaryClaims.deleteBefore(now - keptMs)),
  };
}

function toClaim({ userId, requestId, id: runId, owner, createdAt }: Run): TemporaryClaim {
  const requestHash = createHash("sha256").update(requestId).digest("base64url");
  return { userId, requestHash, runId, owner, createdAt };
}
