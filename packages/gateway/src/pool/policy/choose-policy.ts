import type { BalancePolicy } from "../../upstream.ts";
import type { Member } from "../member.ts";
import { withLast, type StartDraw } from "./draw.ts";
import { drawInTurn, drawListed } from "./listed.ts";
import { compareLatencies, compareTallies, drawRanked, isBeingTried } from "./ranked.ts";
import { drawBetterOfTwo, drawShuffled } from "./shuffled.ts";
import { drawWeighted } from "./weighted.ts";

type Policy = { readonly start: StartDraw; readonly isLast?: (member: Member, now: number) => boolean };

const isUnavailable = (member: Member, now: number): boolean => !member.record.isAvailable(now);

const policies = {
  order: { start: drawListed },
  main: { start: drawRanked(() => compareTallies) },
  random: { start: drawShuffled },
  random_available: { start: drawShuffled, isLast: isUnavailable },
  round_robin: { start: drawInTurn },
  round_robin_available: { start: drawInTurn, isLast: isUnavailable },
  weighted: { start: drawWeighted },
  least_latency: { start: drawRanked(compareLatencies), isLast: isBeingTried },
  p2c: { start: drawBetterOfTwo },
} as const satisfies Record<BalancePolicy, Policy>;

/**
 * The order in which a policy asks the candidates of one tier. Whoever is coming back from an outage gets its growing
 * share and comes last otherwise, and so does whoever asked to be spared.
 */
export function choosePolicy(name: BalancePolicy): StartDraw {
  const { start, isLast = () => false }: Policy = policies[name];
  return (group, context) => {
    // Nobody to prefer to anybody.
    if (group.members.length === 1) return drawListed(group, context);
    return withLast(start(group, context), (member) => {
      const now = context.now();
      if (now < member.sparedUntil || isLast(member, now)) return true;
      const share = member.breaker.share(now);
      return share < 1 && context.random() >= share;
    });
  };
}
