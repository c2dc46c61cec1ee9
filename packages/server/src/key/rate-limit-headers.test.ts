import { expect, it } from "vitest";
import { formatDuration, toRateLimitHeaders } from "./rate-limit-headers.ts";

it.each([
  [-5, "0s"],
  [0, "0s"],
  [0.4, "1ms"],
  [20, "20ms"],
  [999, "999ms"],
  [1000, "1s"],
  [1001, "2s"],
  [60_000, "1m0s"],
  [360_000, "6m0s"],
  [3_600_000, "1h0m0s"],
  [90_061_000, "25h1m1s"],
])("writes %d ms as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

it("says how much is left, and never less than nothing", () => {
  expect(toRateLimitHeaders("requests", { limit: 10, used: 3, resetMs: 61_000 })).toEqual({
    "x-ratelimit-limit-requests": "10",
    "x-ratelimit-remaining-requests": "7",
    "x-ratelimit-reset-requests": "1m1s",
  });
  const exceeded = toRateLimitHeaders("tokens", { limit: 2, used: 3, resetMs: 61_000 });
  expect(exceeded["x-ratelimit-remaining-tokens"]).toBe("0");
});
