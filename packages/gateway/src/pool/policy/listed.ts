import type { StartDraw } from "./draw.ts";

/** As listed. */
export const drawListed: StartDraw = ({ members }) => {
  let drawn = 0;
  return () => members[drawn++];
};

/** As listed, each request beginning one further. */
export const drawInTurn: StartDraw = (group) => {
  const { members } = group;
  let drawn = 0;
  let first: number | undefined;
  return () => {
    if (first === undefined) {
      first = group.turn;
      group.turn = (group.turn + 1) % Math.max(1, members.length);
    }
    return drawn < members.length ? members[(first + drawn++) % members.length] : undefined;
  };
};
