import type { LlmBackendError } from "../error/llm-backend-error.ts";
import { toCancelled, toLlmBackendError } from "../error/to-llm-backend-error.ts";
import { createBackoff, type RetryOptions } from "./backoff.ts";
import { sleep } from "./sleep.ts";

/** A connection was lost; another try follows. */
export type RetryNotice = {
  /** Counts the tries in a row, from 1. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: LlmBackendError;
};

/** How, and until when, something is tried again. */
export type Retrying = {
  readonly retry: RetryOptions | undefined;
  readonly signal: AbortSignal;
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
};

/** Reads a source to its end, and opens it anew where it breaks off; what it has yielded counts as progress. */
export async function* withRetry<TItem>(
  open: () => AsyncIterable<TItem>,
  options: Retrying,
): AsyncGenerator<TItem, void> {
  const backoff = createBackoff(options.retry);
  for (;;) {
    try {
      for await (const item of open()) {
        backoff.reset();
        yield item;
      }
      return;
    } catch (error) {
      await waitToRetry(error, { ...options, backoff });
    }
  }
}

/** Makes a call that may be made twice, until it succeeds. */
export async function callWithRetry<TResult>(
  call: () => Promise<TResult>,
  options: Retrying,
): Promise<TResult> {
  const backoff = createBackoff(options.retry);
  for (;;) {
    try {
      return await call();
    } catch (error) {
      await waitToRetry(error, { ...options, backoff });
    }
  }
}

async function waitToRetry(
  cause: unknown,
  given: Retrying & { backoff: ReturnType<typeof createBackoff> },
): Promise<void> {
  const { backoff, signal, onRetry } = given;
  const error = toLlmBackendError(cause, signal);
  const delayMs = backoff.next(error);
  if (delayMs === undefined) throw error;
  onRetry?.({ attempt: backoff.attempt, delayMs, error });
  await sleep(delayMs, signal);
  if (signal.aborted) throw toCancelled(signal);
}
