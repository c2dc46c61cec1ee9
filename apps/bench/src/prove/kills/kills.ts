import { percentile } from "../../statistics.ts";
import { atMost, never, told } from "../frame/figure.ts";
import type { Figure, Proof, ProofRun } from "../frame/proof.ts";
import { createTurns } from "../stage/take-turns.ts";
import { createTally, type KillTally } from "./kill-tally.ts";
import { runLane } from "./run-lane.ts";

/** The text that a process may take with it: what was written in this time before it died. */
const lostMsMax = 250;
const readyMsMax = 1000;
/** Servers that are killed side by side, each on its own data: as many as the machine has cores for. */
const lanesMax = 2;

/** `kill -9` at any moment, over and over, on the same data. */
export const kills: Proof = {
  name: "kills",
  promise:
    "The server's process is killed (SIGKILL) at a random moment while answers stream over every face and messages are " +
    "being acknowledged; another one starts on the same data.",
  unit: "kills",
  few: 20,
  many: 1000,
  async run({ n, random, progress }) {
    const tally = createTally();
    const lanes = Math.min(lanesMax, Math.ceil(n / 4));
    const turns = createTurns();
    const share = (lane: number) => Math.floor((n + lane) / lanes);
    const ran = Array.from({ length: lanes }, (_, lane) =>
      runLane({ kills: share(lane), random, tally, turns, onKill: () => progress(tally.readyMs.length) }),
    );
    await Promise.all(ran);
    return toFigures(tally, n);
  },
};

function toFigures(tally: KillTally, n: ProofRun["n"]): Figure[] {
  const { lostMs, lostChars, readyMs } = tally;
  const ms = { unit: "ms" };
  return [
    told("messages acknowledged, answers cut", `${tally.acknowledged}, ${tally.cut}`),
    never("acknowledged messages lost", tally.lost),
    never("messages doubled", tally.doubled),
    never("answers that are not what the upstream said, up to a point", tally.wrong),
    never("runs stuck after the restart", tally.stuck),
    never("readers that went on to something else than what is stored", tally.astray),
    never(`corrupt databases (${n} starts, ${tally.databaseChecks} looked through whole)`, tally.corrupt),
    atMost("text lost per kill, median: written within", percentile(lostMs, 50), { max: lostMsMax, ...ms }),
    atMost("text lost per kill, worst", Math.max(0, ...lostMs), { max: lostMsMax, ...ms }),
    told("characters lost per kill and answer, median and worst", toMiddleAndWorst(lostChars)),
    told("ready again, median", `${percentile(readyMs, 50).toFixed(0)} ms`),
    atMost("ready again, p99", percentile(readyMs, 99), { max: readyMsMax, ...ms }),
  ];
}

const toMiddleAndWorst = (values: readonly number[]) =>
  `${percentile(values, 50)}, ${Math.max(0, ...values)}`;
