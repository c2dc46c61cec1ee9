import { always, atLeast, never, told } from "../frame/figure.ts";
import type { Figure, Proof } from "../frame/proof.ts";
import { wireFaces } from "../wire/wire-faces.ts";
import { createCutLog, type CutLog } from "./cut-log.ts";
import { createOffsets } from "./offsets.ts";
import { measureWire, openStage, playRound } from "./play-round.ts";
import type { RoundKind } from "./round-kind.ts";

/** Most answers are cut while they are made; a share of the cuts is across the end of the answer, or of the server. */
const kinds: readonly RoundKind[] = ["live", "ended", "killed", "stopped", "live", "live", "live", "ended"];
/** The first of them are one of each: a small run has them all. */
const kindsOfEach = 4;
/** Readers of one answer at once, over each face. */
const readersPerFace = 100;
/** Readers that come too late to be cut say nothing; so many of them would say that the proof does not work. */
const roundsPerCut = 4 / readersPerFace;

/** A stream that is cut at any byte goes on where it was cut. */
export const resume: Proof = {
  name: "resume",
  promise:
    "Readers of the same answer, over REST, tRPC's server-sent events and WebSocket at once, lose their connections " +
    "at every byte of the wire form (heads, frames, halves of characters), and go on behind the last event they have: " +
    "while the answer is made, after its end, after the server was killed, after it was stopped.",
  unit: "cuts",
  few: 600,
  many: 24_000,
  async run({ n, progress }) {
    await using stage = await openStage();
    const wireBytes = await measureWire(stage);
    const offsets = wireFaces.map((_, index) => createOffsets(wireBytes[index] ?? 0, n));
    const log = createCutLog();
    const readers = Math.max(1, Math.min(readersPerFace, Math.ceil(n / wireFaces.length / kindsOfEach)));
    const roundsMax = kinds.length + Math.ceil(n * roundsPerCut);
    for (let round = 0; log.cuts < n && round < roundsMax; round++) {
      const kind = kinds[round % kinds.length] as RoundKind;
      await playRound(stage, { name: `r${round}`, kind, readers, offsets, log });
      progress(Math.min(n, log.cuts));
    }
    return toFigures(log, { n, wireBytes });
  },
};

function toFigures(log: CutLog, given: { n: number; wireBytes: readonly number[] }): Figure[] {
  const { cuts, wrong, restarts } = log;
  return [
    atLeast("cuts", cuts, given.n),
    always("joined text is what the upstream said, byte for byte", { good: cuts - wrong.length, all: cuts }),
    never("answers that went on in another way", wrong),
    never("answers with two endings", log.endedTwice),
    ...wireFaces.map(({ name }, index) => {
      const { size } = log.offsets.get(name) ?? new Set();
      return told(`${name}: offsets cut at, bytes of an answer`, `${size}, ${given.wireBytes[index]}`);
    }),
    ...[...log.byKind].map(([kind, count]) => told(`cuts, ${kindNames[kind]}`, count)),
    told("restarts of the server", restarts),
    told("readers of one answer at once, at most", log.readersMax),
  ];
}

const kindNames: Readonly<Record<RoundKind, string>> = {
  live: "while the answer was made",
  ended: "after its end",
  killed: "across a kill of the server",
  stopped: "across a stop of the server",
};
