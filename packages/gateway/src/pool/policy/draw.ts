import type { CandidateGroup } from "../candidate-group.ts";
import type { Member } from "../member.ts";

/** Gives the candidates one by one, each once; undefined when there are no more. */
export type Draw = () => Member | undefined;

/** What a policy decides with. */
export type PolicyContext = { readonly now: () => number; readonly random: () => number };

/** Begins the order of one request. What it costs must not grow with the candidates that are not drawn. */
export type StartDraw = (group: CandidateGroup, context: PolicyContext) => Draw;

/** Puts off those that are only to be asked when there is nobody else. */
export function withLast(draw: Draw, isLast: (member: Member) => boolean): Draw {
  const last: Member[] = [];
  let given = 0;
  return () => {
    for (let member = draw(); member !== undefined; member = draw()) {
      if (!isLast(member)) return member;
      last.push(member);
    }
    return last[given++];
  };
}
