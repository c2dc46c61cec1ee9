import { percentile } from "../../statistics.ts";
import { always, atMost, never, told } from "../frame/figure.ts";
import type { Figure, Proof } from "../frame/proof.ts";
import type { DrainTally } from "./drain-tally.ts";
import { playScene, type SceneSize } from "./play-scene.ts";
import { replaceWorkers, stopAndStart } from "./restart-ways.ts";

const large: SceneSize = {
  restarts: 5,
  drainMs: 2000,
  answers: { arrivalMs: 2000, tokens: [10, 50], everyMs: [200, 400] },
};
/** Shows in seconds that the proof works. */
const small: SceneSize = {
  restarts: 1,
  drainMs: 250,
  answers: { arrivalMs: 100, tokens: [5, 15], everyMs: [20, 40] },
};
const largeStreamsMin = 50;
/** What telling the rest, storing it, and closing may take beside the time in which answers may go on. */
const closeMsMax = 3000;
const workers = 2;

/** Restarts under load that nobody notices. */
export const drain: Proof = {
  name: "drain",
  promise:
    "The server is stopped (SIGTERM) and started again, over and over, while so many readers follow answers: with the " +
    "typed client over server-sent events and WebSocket, and over REST. Whoever is cut off comes back by itself. Then " +
    "the same with two workers, which are replaced one after the other (SIGHUP).",
  unit: "streams at once",
  few: 60,
  many: 1000,
  async run({ n, random, progress }) {
    const size = n < largeStreamsMin ? small : large;
    let restarts = 0;
    const onRestart = () => progress(Math.floor((++restarts * n) / (2 * size.restarts)));
    const scene = { streams: n, size, random, onRestart };
    const single = await playScene({ ...scene, workers: 1, restart: stopAndStart });
    const rolling = await playScene({ ...scene, workers, restart: replaceWorkers });
    return [
      ...toFigures(single, "one process"),
      atMost("one process: from the signal to its end, longest", Math.max(0, ...single.endedMs), {
        max: size.drainMs + closeMsMax,
        unit: "ms",
      }),
      told("one process: the next one ready, median", `${percentile(single.readyMs, 50).toFixed(0)} ms`),
      ...toFigures(rolling, "workers"),
      told("workers: until all are replaced, longest", `${Math.max(0, ...rolling.endedMs).toFixed(0)} ms`),
    ];
  },
};

function toFigures(tally: DrainTally, kind: string): Figure[] {
  const { streams, failed, badEndings, endedMs } = tally;
  const all = streams.length + badEndings.length;
  const done = streams.filter(({ end }) => end === "done").length;
  const cameBack = streams.filter(({ reconnects }) => reconnects > 0).length;
  return [
    told(
      `${kind}: restarts, streams open at the signal, at least`,
      `${endedMs.length}, ${Math.min(...tally.openAtStop)}`,
    ),
    told(
      `${kind}: answers followed`,
      `${all}: ${done} done, ${all - done} interrupted, ${cameBack} readers came back`,
    ),
    never(`${kind}: requests that failed`, failed),
    always(`${kind}: streams with exactly one ending`, { good: streams.length, all }),
    never(`${kind}: streams with another text than the upstream's, up to their end`, tally.wrong),
    never(`${kind}: answers stored otherwise than they were read`, tally.storedOtherwise),
    never(`${kind}: messages lost or doubled`, tally.lostOrDoubled),
    never(`${kind}: processes that did not end as they should`, tally.badExits),
  ];
}
