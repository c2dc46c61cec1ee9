import { setTimeout as pause } from "node:timers/promises";
import { DomainError, type StartedRun } from "@llm-backend/contract";
import type { Repositories } from "@llm-backend/storage";
import type { Viewer } from "../auth/viewer.ts";
import { OwnerLost, type RelayedStart, type RunRelay } from "../relay/run-relay.ts";

/** The ways to start an answer, by their names. */
export type Starts = Readonly<Record<string, (viewer: Viewer, input: never) => Promise<StartedRun>>>;

/** Another process answers in the conversation, and lines up what comes next. For `withHandOver` only. */
export class AnsweredElsewhere extends Error {
  override readonly name = "AnsweredElsewhere";
  readonly owner: string;

  constructor(owner: string) {
    super(`The process ${owner} answers in this conversation.`);
    this.owner = owner;
  }
}

/** An owner that is gone, or about to be, has its runs ended within a moment: then the start is ours. */
const triesMax = 50;
const pauseMs = 100;

/**
 * Refuses a start while another process answers in the conversation: one answers at a time, in the order of the sends.
 * Asked in the transaction that would start it, so that two processes cannot both find the conversation free.
 *
 * @throws AnsweredElsewhere
 */
export async function requireNobodyElse(
  tx: Repositories,
  { conversationId, owner }: { readonly conversationId: number; readonly owner: string },
): Promise<void> {
  const answering = await tx.runs.findOwner(conversationId);
  if (answering !== undefined && answering !== owner) throw new AnsweredElsewhere(answering);
}

/**
 * Hands starts in conversations that another process answers in over to that process.
 *
 * @throws DomainError `run_in_progress` where it can neither be reached nor seen to end.
 */
export function withHandOver<TStarts extends Starts>(
  starts: TStarts,
  relay: Pick<RunRelay, "start">,
): TStarts {
  async function start(request: RelayedStart): Promise<StartedRun> {
    for (let tries = 1; ; tries++) {
      try {
        return await startHere(starts, request);
      } catch (error) {
        if (!(error instanceof AnsweredElsewhere)) throw error;
        const started = await handOver(relay, { owner: error.owner, request });
        if (started !== undefined) return started;
        if (tries === triesMax) throw toBusy();
      }
      await pause(pauseMs);
    }
  }
  const handing = Object.keys(starts).map((kind) => [
    kind,
    (viewer: Viewer, input: unknown) => start({ viewer, kind, input }),
  ]);
  return Object.fromEntries(handing) as TStarts;
}

/**
 * Starts here what another process has handed over.
 *
 * @throws DomainError as the service does.
 */
export async function startHandedOver(starts: Starts, request: RelayedStart): Promise<StartedRun> {
  try {
    return await startHere(starts, request);
  } catch (error) {
    // It has moved on since; whoever handed it over looks again.
    throw error instanceof AnsweredElsewhere ? toBusy() : error;
  }
}

function startHere(starts: Starts, { kind, viewer, input }: RelayedStart): Promise<StartedRun> {
  const start = Object.hasOwn(starts, kind) ? starts[kind] : undefined;
  if (start === undefined) throw new Error(`There is no start of the kind ${kind}.`);
  return start(viewer, input as never);
}

/** What the owner answered; undefined where it cannot be asked, or takes nothing any more. */
async function handOver(
  relay: Pick<RunRelay, "start">,
  { owner, request }: { readonly owner: string; readonly request: RelayedStart },
): Promise<StartedRun | undefined> {
  try {
    return await relay.start(owner, request);
  } catch (error) {
    if (error instanceof OwnerLost) return undefined;
    if (DomainError.is(error) && error.code === "shutting_down") return undefined;
    throw error;
  }
}

function toBusy(): DomainError {
  return new DomainError("run_in_progress", "This conversation is being answered elsewhere.");
}
