import type { Member } from "./member.ts";
import type { KeyRest } from "./pool-key.ts";
import type { PlanRefusal } from "./pool.ts";

/** Why a candidate was not asked, and how long from `at` it would have had to wait. */
export type PassedBy = {
  readonly reason: KeyRest | "resting" | "full" | "budget";
  readonly at: number;
  readonly waitMs: number | undefined;
};

const reasons = {
  open: "resting",
  resting: "resting",
  cooling: "rate_limited",
  quota: "quota",
  rejected: "rejected",
  full: "full",
  budget: "exhausted",
} as const satisfies Record<PassedBy["reason"], PlanRefusal["reason"]>;

/** What is said when several things keep candidates from being asked: what is likely to be over first. */
const precedence: readonly PlanRefusal["reason"][] = [
  "full",
  "rate_limited",
  "resting",
  "quota",
  "rejected",
  "exhausted",
];

/** A queue is emptied as quickly as answers end. */
const fullMs = 1000;

/** Puts into words why nobody (more) was asked. */
export function toRefusal(
  passedBy: ReadonlyMap<Member, PassedBy>,
  hasAsked: boolean,
  now: number,
): PlanRefusal {
  let retryAfterMs = Number.POSITIVE_INFINITY;
  const found = new Set<PlanRefusal["reason"]>();
  for (const { reason, at, waitMs = fullMs } of passedBy.values()) {
    found.add(reasons[reason]);
    retryAfterMs = Math.min(retryAfterMs, Math.max(0, at + waitMs - now));
  }
  // Limits that are over soon are worth telling only if nothing else is in the way.
  if (found.has("resting")) found.delete("rate_limited");
  const reason = hasAsked ? undefined : precedence.find((one) => found.has(one));
  return {
    reason: reason ?? "exhausted",
    retryAfterMs: Number.isFinite(retryAfterMs) ? retryAfterMs : undefined,
  };
}
