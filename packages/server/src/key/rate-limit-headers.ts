/** The headers of OpenAI's API that say how much of a limit is left. */
export function toRateLimitHeaders(
  unit: "requests" | "tokens",
  state: { limit: number; used: number; resetMs: number },
): Record<string, string> {
  const { limit, used, resetMs } = state;
  return {
    [`x-ratelimit-limit-${unit}`]: String(limit),
    [`x-ratelimit-remaining-${unit}`]: String(Math.max(0, limit - used)),
    [`x-ratelimit-reset-${unit}`]: formatDuration(resetMs),
  };
}

/** A duration as OpenAI writes it: `0s`, `20ms`, `1s`, `6m0s`, `1h0m0s`; seconds are rounded up. */
export function formatDuration(ms: number): string {
  if (ms <= 0) return "0s";
  if (ms < 1000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
