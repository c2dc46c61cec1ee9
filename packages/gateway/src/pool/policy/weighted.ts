import type { CandidateGroup } from "../candidate-group.ts";
import type { Member } from "../member.ts";
import type { StartDraw } from "./draw.ts";

const weightOf = ({ upstream: { weight = 1 } }: Member): number => Math.max(0, weight);

function toSums(members: readonly Member[]): Float64Array {
  let sum = 0;
  return Float64Array.from(members, (member) => (sum += weightOf(member)));
}

/** The first position whose sum is greater than the value. */
function search(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function drawOne(members: readonly Member[], sums: Float64Array, random: () => number): Member | undefined {
  const total = sums.at(-1) ?? 0;
  // Without any weight there is nothing to go by but the list.
  return members[total > 0 ? Math.min(search(sums, random() * total), members.length - 1) : 0];
}

/** How often somebody who was drawn already is drawn again before the rest is counted anew. */
const repeatsMax = 4;

function drawFirst(group: CandidateGroup, random: () => number): Member | undefined {
  group.weightSums ??= toSums(group.members);
  return drawOne(group.members, group.weightSums, random);
}

/** At random, in proportion to their weights; those without weight last. */
export const drawWeighted: StartDraw = (group, { random }) => {
  const drawn = new Set<Member>();
  const take = (member: Member | undefined): Member | undefined => {
    if (member !== undefined) drawn.add(member);
    return member;
  };
  return () => {
    for (let repeats = 0; repeats < repeatsMax; repeats++) {
      const member = drawFirst(group, random);
      if (member === undefined || !drawn.has(member)) return take(member);
    }
    const left = group.members.filter((member) => !drawn.has(member));
    return take(drawOne(left, toSums(left), random));
  };
};
