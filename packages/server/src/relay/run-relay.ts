import type { RunEvent, StartedRun } from "@llm-backend/contract";
import type { Viewer } from "../auth/viewer.ts";

/** An event of a run's log, and the position behind it: where a follower that has seen it goes on. */
export type RelayedEntry = { readonly item: RunEvent; readonly position: number };

/** From where, and until when, a run is followed. */
export type RelayFollowOptions = { readonly position: number; readonly signal?: AbortSignal };

/** The start of an answer, as one process hands it to another: plain data. */
export type RelayedStart = {
  readonly viewer: Viewer;
  /** Which of the ways to start an answer it is; the chat service knows them. */
  readonly kind: string;
  /** What the caller sent, already checked. */
  readonly input: unknown;
};

/** What all processes have to know at once: plain data. Each has another way to learn of it, only later. */
export type RelaySignal =
  | { readonly type: "sessions-revoked"; readonly sessionIds: readonly string[] }
  | { readonly type: "conversation-deleted"; readonly conversationId: number }
  | { readonly type: "user-deleted"; readonly userId: number }
  | { readonly type: "upstreams-changed" }
  | { readonly type: "keys-changed" }
  | { readonly type: "prices-changed" };

/** What a process does for the others. */
export type RelayHandlers = {
  /**
   * The log of a run that this process drives; undefined when it does not, or not any more. To be followed as long as
   * somebody elsewhere does: whoever leaves is gone from here too.
   */
  openLog(runId: string): RelayedLog | undefined;
  /** Stops a run and waits until its ending is stored; a run that is not there has ended. */
  stop(runId: string): Promise<void>;
  /** Starts an answer, or joins the one that the same request started. @throws DomainError as the service does. */
  start(request: RelayedStart): Promise<StartedRun>;
  /** Must not throw. The same signal may come twice. */
  onSignal(signal: RelaySignal): void;
};

/** A log that is read from a position to its end, waiting for what is still to come. */
export type RelayedLog = {
  follow(position: number, options: { signal?: AbortSignal }): AsyncIterable<RelayedEntry>;
};

/**
 * The connection between the processes that serve together. A run has one owner, the process whose name stands in its
 * row; the others reach the run through here, whichever process a caller's socket landed on. Nothing that passes here
 * is kept here: the database has all that must last, and whoever loses the other end reads it there. A process that
 * serves alone has no relay.
 */
export type RunRelay = {
  /** Begins to answer the others. */
  serve(handlers: RelayHandlers): Promise<void>;
  /**
   * Follows a run at its owner, which sends its entries only as long as they are taken here. The positions of the
   * entries grow; whoever reads drops what it has seen, and reads the database where a position is missing. Ends with
   * the run's log, also when the owner does not have the run any more.
   *
   * @throws OwnerLost when the owner cannot be reached, or is gone before the end.
   */
  follow(owner: string, runId: string, options: RelayFollowOptions): AsyncIterable<RelayedEntry>;
  /** Stops a run at its owner; resolves when its ending is stored. @throws OwnerLost */
  stop(owner: string, runId: string): Promise<void>;
  /** Hands the start of an answer to the owner. @throws OwnerLost; DomainError as the service does over there. */
  start(owner: string, request: RelayedStart): Promise<StartedRun>;
  /** The names of the other processes that can be asked now; empty where nobody knows. Never throws. */
  listOthers(): Promise<readonly string[]>;
  /** Tells all other processes; never waits, never throws, and promises nothing. */
  broadcast(signal: RelaySignal): void;
  close(): Promise<void>;
};

/** The owner of a run cannot be reached: it is gone, or about to be. */
export class OwnerLost extends Error {
  override readonly name = "OwnerLost";

  constructor(owner: string, options?: ErrorOptions) {
    super(`The process ${owner} cannot be reached.`, options);
  }
}
