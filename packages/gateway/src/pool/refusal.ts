import type { Member } from "./member.ts";
import type { KeyRest } from "./pool-key.ts";
import type { PlanRefusal } from "./pool.ts";

/** Why a candidate cannot be asked, and in how many milliseconds it can be, where that is known. */
export type Obstacle = {
  readonly reason: KeyRest | "resting" | "full" | "budget";
  readonly waitMs: number | undefined;
};

/** An obstacle, and when it was met. */
export type PassedBy = Obstacle & { readonly at: number; readonly round: number };

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
