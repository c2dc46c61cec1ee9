import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { WindowCount, WindowCounter } from "./shared-limits.ts";

/** How many tries there may be in a window, which begins with the first of them. */
export type FailureWindow = {
  /** Counts a try. Answers with the milliseconds to wait where it is one too many. */
  consume(key: string): Promise<number | undefined>;
  /** Takes a try back. */
  reward(key: string): Promise<void>;
  forget(key: string): Promise<void>;
};

/** What a window is made of. */
export type FailureWindowOptions = {
  readonly name: string;
  readonly points: number;
  readonly seconds: number;
  /** What all processes have counted; without it this process counts alone. */
  readonly shared?: WindowCounter | undefined;
};

/**
 * Creates a window. This process counts in any case, so that a limit holds, for each process by itself, from the moment
 * on at which the shared count cannot be asked.
 */
export function createFailureWindow({ name, points, seconds, shared }: FailureWindowOptions): FailureWindow {
  const local = new RateLimiterMemory({ keyPrefix: name, points, duration: seconds });
  return {
    async consume(key) {
      const own = await countLocally(local, key);
      const { count, resetMs } = (await shared?.add(key, 1)) ?? own;
      return count > points ? resetMs : undefined;
    },
    async reward(key) {
      await local.reward(key);
      await shared?.add(key, -1);
    },
    async forget(key) {
      await local.delete(key);
      await shared?.forget(key);
    },
  };
}

async function countLocally(local: RateLimiterMemory, key: string): Promise<WindowCount> {
  const { consumedPoints, msBeforeNext } = await local.consume(key).catch((refusal: unknown) => {
    if (refusal instanceof RateLimiterRes) return refusal;
    throw refusal;
  });
  return { count: consumedPoints, resetMs: msBeforeNext };
}
