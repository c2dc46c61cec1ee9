import type { Member } from "./member.ts";

/** The candidates of one tier for one model, as listed, and what the policies remember between requests. */
export type CandidateGroup = {
  readonly tier: number;
  readonly members: readonly Member[];
  /** Where round robin goes on. */
  turn: number;
  /** The sums of the weights up to each member; made when they are first needed. */
  weightSums: Float64Array | undefined;
  /** An order that cost something to find, and when it was found. */
  ranking: { readonly at: number; readonly members: readonly Member[] } | undefined;
};

/** Sorts the candidates for a model, which come as listed, into tiers, the lowest first. */
export function toGroups(members: readonly Member[]): CandidateGroup[] {
  const tiers = Map.groupBy(members, ({ tier }) => tier);
  return Array.from(tiers, ([tier, inTier]) => ({
    tier,
    members: inTier,
    turn: 0,
    weightSums: undefined,
    ranking: undefined,
  })).toSorted((a, b) => a.tier - b.tier);
}
