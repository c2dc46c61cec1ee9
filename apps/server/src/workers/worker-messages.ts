import type { CollectedMetrics } from "../metrics/create-metrics.ts";
import type { WatchedHealthChange, WatchedRequest } from "../metrics/watched-events.ts";
import type { RelayedError } from "./relay-words.ts";

/** What the primary tells a worker. */
export type ToWorker =
  /** The first word: who the worker is. */
  | { readonly type: "seat"; readonly number: number; readonly owner: string; readonly folder: string }
  /** From now on it takes care of what one process does for all. */
  | { readonly type: "lead" }
  /** How many workers serve, of how many. */
  | { readonly type: "workers"; readonly ready: number; readonly count: number }
  /** Asks for its measurements. */
  | { readonly type: "collect"; readonly id: number }
  /** The measurements of all, as text. */
  | { readonly type: "rendered"; readonly id: number; readonly text: string }
  /** Another one has taken its place: it lets its callers go, and then ends. */
  | { readonly type: "leave" }
  | { readonly type: "stop" }
  | { readonly type: "stop-now" };

/** A failed call as it travels to the primary. */
export type SentRequest = Omit<WatchedRequest, "error"> & { readonly error: RelayedError };

/** What a worker tells the primary. */
export type FromWorker =
  | { readonly type: "ready"; readonly urls: readonly string[] }
  /** It cannot serve, for a reason that an operator has to change. */
  | { readonly type: "refused"; readonly sentence: string }
  | { readonly type: "collected"; readonly id: number; readonly metrics: CollectedMetrics }
  /** Asks for the measurements of all. */
  | { readonly type: "render"; readonly id: number }
  | { readonly type: "request-failed"; readonly request: SentRequest }
  | { readonly type: "health-changed"; readonly change: WatchedHealthChange };
