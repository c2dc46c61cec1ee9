import type { AttemptReport } from "@llm-backend/gateway";

/**
 * The attempt at which a caller gave up before anything was said. Its upstream had been asked: it has read the prompt,
 * and bills it, so that giving up is not free.
 */
export function findGivenUp(attempts: readonly AttemptReport[]): AttemptReport | undefined {
  const last = attempts.at(-1);
  // Without a connection nothing was asked.
  return last?.outcome === "cancelled" && last.connectMs !== undefined ? last : undefined;
}
