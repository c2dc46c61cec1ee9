import type { CandidateGroup } from "../candidate-group.ts";
import type { Member } from "../member.ts";
import type { StartDraw } from "./draw.ts";

/** Who comes first: negative for the first of two. */
export type Compare = (a: Member, b: Member) => number;

/** So many are compared anew for each request. The order of more is kept for a moment: it would cost more than the request. */
const comparedMax = 32;
const keptMs = 250;

function rank(group: CandidateGroup, compare: Compare, now: number): readonly Member[] {
  if (group.members.length <= comparedMax) return group.members.toSorted(compare);
  if (group.ranking === undefined || now - group.ranking.at >= keptMs)
    group.ranking = { at: now, members: group.members.toSorted(compare) };
  return group.ranking.members;
}

/** The best first; among equals as listed. */
export const drawRanked =
  (toCompare: (now: number) => Compare): StartDraw =>
  (group, { now }) => {
    let ranked: readonly Member[] | undefined;
    let drawn = 0;
    return () => {
      const present = now();
      ranked ??= rank(group, toCompare(present), present);
      return ranked[drawn++];
    };
  };

/** Fewest failures first, among equals most successes. */
export const compareTallies: Compare = ({ record: { tally: a } }, { record: { tally: b } }) =>
  a.failures - b.failures || b.successes - a.successes;

/** How long somebody whose latency is not known is not tried again. */
const triedMs = 10_000;

/** Nobody knows how quick it is, and somebody is finding out. */
export const isBeingTried = (member: Member, now: number): boolean =>
  member.record.latencyMs(now) === undefined && now - member.takenAt < triedMs;

/** Least time to first token first; whoever is not known comes before all, to become known. */
export const compareLatencies =
  (now: number): Compare =>
  (a, b) =>
    (a.record.latencyMs(now) ?? -1) - (b.record.latencyMs(now) ?? -1);
