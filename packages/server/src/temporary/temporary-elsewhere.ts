import { setTimeout as pause } from "node:timers/promises";
import { DomainError, type StartedRun } from "@llm-backend/contract";
import type { Viewer } from "../auth/viewer.ts";
import { followElsewhere, type RunPlace } from "../chat/follow-elsewhere.ts";
import { createRunLog, type RunLog } from "../chat/run-log.ts";
import { OwnerLost, type RelayedStart, type RunRelay } from "../relay/run-relay.ts";

/** Which temporary answer is looked for: by its id, or by the request that has started it. */
export type WantedTemporary =
  | { readonly runId: string }
  | { readonly requestId: string; readonly inputHash: string };

/** An answer that is stored nowhere, and the process that has it. */
export type FoundTemporary = StartedRun & { readonly owner: string };

/** The temporary answers of other processes: who has one is found by asking all of them. */
export type TemporariesElsewhere = {
  /** Asks one process; `silent`: it cannot be reached, or says nothing. @throws DomainError as `find`. */
  ask(viewer: Viewer, owner: string, wanted: WantedTemporary): Promise<FoundTemporary | "gone" | "silent">;
  /** @throws DomainError `conflict` for a request id that was used for something else. */
  find(viewer: Viewer, wanted: WantedTemporary): Promise<FoundTemporary | undefined>;
  /** Where the log of an answer is; that of an ended one is fetched. @throws DomainError `not_found` */
  locate(viewer: Viewer, runId: string): Promise<RunPlace>;
};

type Relay = Pick<RunRelay, "start" | "follow" | "listOthers">;

/** Under this name processes ask each other for temporary answers. */
export const findTemporaryKind = "findTemporary";

/** A process that says nothing for so long is not waited for: whoever asks for what never was must not hang. */
const answerMsMax = 2_000;

/** Creates the way to them; a process that serves alone finds nothing. */
export function createTemporariesElsewhere(relay: Relay | undefined): TemporariesElsewhere {
  if (relay === undefined) {
    return { ask: async () => "gone", find: async () => undefined, locate: () => Promise.reject(toGone()) };
  }
  const ask: TemporariesElsewhere["ask"] = (viewer, owner, input) =>
    askOwner(relay, owner, { viewer, kind: findTemporaryKind, input });
  const find: TemporariesElsewhere["find"] = async (viewer, input) => {
    const answers = (await relay.listOthers()).map((owner) => ask(viewer, owner, input));
    return (await Promise.all(answers)).find((found) => typeof found === "object");
  };
  return {
    ask,
    find,
    async locate(viewer, runId) {
      const found = await find(viewer, { runId });
      if (found === undefined) throw toGone();
      const { owner, state } = found;
      if (state === "streaming") return { owner };
      return { log: await fetchLog(relay, owner, runId), lost: undefined };
    },
  };
}

async function askOwner(
  relay: Relay,
  owner: string,
  request: RelayedStart,
): Promise<FoundTemporary | "gone" | "silent"> {
  const over = new AbortController();
  try {
    const late = pause(answerMsMax, undefined, { signal: over.signal });
    const found = await Promise.race([relay.start(owner, request), late]);
    return found === undefined ? "silent" : { ...found, owner };
  } catch (error) {
    if (error instanceof OwnerLost) return "silent";
    if (DomainError.is(error) && error.code === "not_found") return "gone";
    throw error;
  } finally {
    over.abort();
  }
}

/** Answers that are stored nowhere are short-lived, and as long as one answer: few are ever read a second time. */
async function fetchLog(relay: Relay, owner: string, runId: string): Promise<RunLog> {
  const log = createRunLog();
  const there = { relay, locate: async () => ({ owner }), readRest: () => Promise.reject(toGone()) };
  for await (const { event } of followElsewhere(there, { runId, position: 0 })) log.append(event);
  log.close();
  return log;
}

const toGone = () => new DomainError("not_found", "There is no such answer.");
