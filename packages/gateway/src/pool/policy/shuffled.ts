import type { Member } from "../member.ts";
import type { Draw, StartDraw } from "./draw.ts";

/** Shuffles as far as is asked for; the candidates stay where they are, and only what was exchanged is noted. */
function shuffle(
  members: readonly Member[],
  random: () => number,
): Draw & { putBack: (member: Member) => void } {
  const exchanged = new Map<number, Member>();
  const at = (position: number): Member | undefined => exchanged.get(position) ?? members[position];
  let drawn = 0;
  const draw = (): Member | undefined => {
    if (drawn >= members.length) return undefined;
    const chosen = drawn + Math.floor(random() * (members.length - drawn));
    const member = at(chosen);
    const displaced = at(drawn);
    if (displaced !== undefined) exchanged.set(chosen, displaced);
    exchanged.delete(drawn);
    drawn++;
    return member;
  };
  /** The one that was drawn last is drawn again some time. */
  const putBack = (member: Member): void => {
    drawn--;
    exchanged.set(drawn, member);
  };
  return Object.assign(draw, { putBack });
}

/** At random. */
export const drawShuffled: StartDraw = ({ members }, { random }) => shuffle(members, random);

/** Of two at random the one with less in flight, among equals the quicker one. */
export const drawBetterOfTwo: StartDraw = ({ members }, { random, now }) => {
  const draw = shuffle(members, random);
  const latencyOf = (member: Member): number => member.record.latencyMs(now()) ?? 0;
  const isBetter = (a: Member, b: Member): boolean => {
    const difference = a.places.taken - b.places.taken;
    return difference === 0 ? latencyOf(a) <= latencyOf(b) : difference < 0;
  };
  return () => {
    const first = draw();
    const second = draw();
    if (first === undefined || second === undefined) return first;
    const [better, worse] = isBetter(first, second) ? [first, second] : [second, first];
    draw.putBack(worse);
    return better;
  };
};
