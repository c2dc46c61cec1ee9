import type { LlmBackendError } from "../error/llm-backend-error.ts";

/** How hard a stream tries to come back after it lost its connection. */
export type RetryOptions = {
  /** Tries in a row that bring nothing. @default 30 */
  readonly attemptsMax?: number;
  /** Milliseconds since the stream last received something. @default Infinity */
  readonly elapsedMsMax?: number;
  /** The wait before the first try; it doubles with each further one. @default 250 */
  readonly delayMsFirst?: number;
  /** The longest wait between two tries. @default 10_000 */
  readonly delayMsMax?: number;
};

/** Decides whether, and when, to try again. */
export type Backoff = {
  /** How long to wait after this failure; undefined: give up. */
  next(error: LlmBackendError): number | undefined;
  /** Which try in a row the last `next` was about. */
  readonly attempt: number;
  /** Something was received: the next failure is the first one again. */
  reset(): void;
};

/** A server that fails by itself is not asked as often as one that is not there. */
const internalAttemptsMax = 3;
const retryAfterMsMax = 60_000;

/** Creates the decision for one stream or call. */
export function createBackoff(options: RetryOptions = {}): Backoff {
  const { attemptsMax = 30, elapsedMsMax = Infinity, delayMsFirst = 250, delayMsMax = 10_000 } = options;
  let attempt = 0;
  let since = performance.now();
  return {
    get attempt() {
      return attempt;
    },
    next(error) {
      if (!error.retryable || attempt >= attemptsMax) return undefined;
      if (error.code === "internal" && attempt >= internalAttemptsMax) return undefined;
      // Jitter, so that all clients of a server that restarts do not come back in the same moment.
      const delayMs = Math.min(delayMsMax, delayMsFirst * 2 ** attempt) * (0.5 + Math.random() / 2);
      const waitMs = Math.max(delayMs, Math.min(error.retryAfterMs ?? 0, retryAfterMsMax));
      if (performance.now() - since + waitMs > elapsedMsMax) return undefined;
      attempt++;
      return waitMs;
    },
    reset() {
      attempt = 0;
      since = performance.now();
    },
  };
}
