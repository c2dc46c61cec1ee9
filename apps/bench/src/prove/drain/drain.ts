import { setTimeout as delay } from "node:timers/promises";
import { percentile } from "../../statistics.ts";
import { always, atMost, never, told } from "../frame/figure.ts";
import type { Figure, Proof } from "../frame/proof.ts";
import { findFreePort } from "../stage/free-port.ts";
import { createConversation, registerUser } from "../stage/proof-user.ts";
import { createServed, type Served } from "../stage/served.ts";
import { startSignedUpstream } from "../stage/signed-upstream.ts";
import { startProofServer } from "../stage/start-proof-server.ts";
import { createDrainTally, type DrainTally } from "./drain-tally.ts";
import { judgeHistory } from "./judge-history.ts";
import { startReaders, type AnswerSize } from "./readers.ts";

/** How long things take, and how often they happen. */
type Size = {
  readonly restarts: number;
  /** How long answers may go on after the signal. */
  readonly drainMs: number;
  readonly answers: AnswerSize;
};

const large: Size = {
  restarts: 5,
  drainMs: 2000,
  answers: { arrivalMs: 2000, tokens: [10, 50], everyMs: [200, 400] },
};
/** Shows in seconds that the proof works. */
const small: Size = {
  restarts: 2,
  drainMs: 500,
  answers: { arrivalMs: 200, tokens: [5, 15], everyMs: [40, 80] },
};
const largeStreamsMin = 100;
/** What telling the rest, storing it, and closing may take beside the time in which answers may go on. */
const closeMsMax = 3000;

/** Restarts under load that nobody notices. */
export const drain: Proof = {
  name: "drain",
  promise:
    "The server is stopped (SIGTERM) and started again, over and over, while so many readers follow answers: with the " +
    "typed client over server-sent events and WebSocket, and over REST. Whoever is cut off comes back by itself.",
  unit: "streams at once",
  few: 60,
  many: 1000,
  async run({ n, random, progress }) {
    await using cleanup = new AsyncDisposableStack();
    const upstream = cleanup.use(await startSignedUpstream());
    const addr = `127.0.0.1:${await findFreePort(random)}`;
    const { restarts, drainMs, answers } = n < largeStreamsMin ? small : large;
    const config = { drain_seconds: drainMs / 1000 };
    const first = await startProofServer(upstream.url, { addr, config });
    const served = cleanup.use(createServed(first));
    const token = await registerUser(first.url, "drained");
    const tally = createDrainTally();
    const conversationIds: number[] = [];
    for (let index = 0; index < n; index++) conversationIds.push(await createConversation(first.url, token));

    using readers = startReaders({ url: first.url, token, conversationIds, random, tally, answers });
    for (let restart = 0; restart < restarts; restart++) {
      await untilOpen(tally, n);
      await delay(random() * answers.arrivalMs);
      await restartOnce(served, tally);
      progress(Math.floor(((restart + 1) * n) / restarts));
    }
    await untilOpen(tally, n);
    await readers.finish();
    await judgeHistory(tally, { url: first.url, token });
    return toFigures(tally, drainMs);
  },
};

const openShare = 0.8;

/** Waits until as many answers are on their way at once as there are readers, or nearly so: some are always between two. */
async function untilOpen(tally: DrainTally, n: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (tally.open < n * openShare) {
    if (performance.now() > deadline)
      throw new Error(`Only ${tally.open} of ${n} streams are open after a minute.`);
    await delay(20);
  }
}

async function restartOnce(served: Served, tally: DrainTally): Promise<void> {
  tally.openAtStop.push(tally.open);
  const { exit, endedMs, readyMs } = await served.restart("SIGTERM");
  if (exit !== 0) tally.badExits.push(`exit ${exit}`);
  tally.endedMs.push(endedMs);
  tally.readyMs.push(readyMs);
}

function toFigures(tally: DrainTally, drainMs: number): Figure[] {
  const { streams, endedMs, failed } = tally;
  const all = streams.length;
  const done = streams.filter(({ end }) => end === "done").length;
  const cameBack = streams.filter(({ reconnects }) => reconnects > 0).length;
  return [
    told(
      "restarts, streams open at the signal, at least",
      `${endedMs.length}, ${Math.min(...tally.openAtStop)}`,
    ),
    told("answers followed", `${all}, of them ${done} to the end, ${all - done} ended as interrupted`),
    told("answers whose reader lost the connection and came back", cameBack),
    never("requests that failed", failed),
    always("streams with exactly one ending", {
      good: all - tally.badEndings.length,
      all: all + failed.length,
    }),
    never("streams with another text than the upstream's, up to its end", tally.wrong),
    never("answers stored otherwise than they were read", tally.storedOtherwise),
    never("messages lost or doubled", tally.lostOrDoubled),
    never("processes that did not end with exit code 0", tally.badExits),
    atMost("from the signal to the end of the process, longest", Math.max(0, ...endedMs), {
      max: drainMs + closeMsMax,
      unit: "ms",
    }),
    told("ready again, median", `${percentile(tally.readyMs, 50).toFixed(0)} ms`),
  ];
}
