import { setTimeout as delay } from "node:timers/promises";
import { findFreePort } from "../stage/free-port.ts";
import { createConversation, registerUser } from "../stage/proof-user.ts";
import { createServed } from "../stage/served.ts";
import { startSignedUpstream } from "../stage/signed-upstream.ts";
import { startProofServer } from "../stage/start-proof-server.ts";
import { createDrainTally, type DrainTally } from "./drain-tally.ts";
import { judgeHistory } from "./judge-history.ts";
import { startReaders, type AnswerSize } from "./readers.ts";
import type { Restart } from "./restart-ways.ts";

/** How long things take, and how often they happen. */
export type SceneSize = {
  readonly restarts: number;
  /** How long answers may go on after the signal. */
  readonly drainMs: number;
  readonly answers: AnswerSize;
};

/** Restarts of one kind of server, under so many readers. */
export type DrainScene = {
  readonly streams: number;
  readonly size: SceneSize;
  /** Processes that serve. */
  readonly workers: number;
  readonly restart: Restart;
  readonly random: () => number;
  readonly onRestart: () => void;
};

/** Some readers are always between two answers. */
const openShare = 0.8;

/** Restarts a server under its readers, lets them finish, and compares what they saw with what is stored. */
export async function playScene(scene: DrainScene): Promise<DrainTally> {
  const { streams, size, workers, random } = scene;
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await startSignedUpstream());
  const addr = `127.0.0.1:${await findFreePort(random)}`;
  const config = { drain_seconds: size.drainMs / 1000, ...(workers > 1 ? { workers } : {}) };
  const first = await startProofServer(upstream.url, { addr, config });
  const served = cleanup.use(createServed(first));
  const place = { url: first.url, token: await registerUser(first.url, "drained") };
  const tally = createDrainTally();
  const conversationIds: number[] = [];
  for (let index = 0; index < streams; index++) {
    conversationIds.push(await createConversation(place.url, place.token));
  }

  using readers = startReaders({ ...place, conversationIds, random, tally, answers: size.answers });
  for (let restart = 0; restart < size.restarts; restart++) {
    await untilOpen(tally, streams);
    await delay(random() * size.answers.arrivalMs);
    tally.openAtStop.push(tally.open);
    await scene.restart(served, tally);
    scene.onRestart();
  }
  await untilOpen(tally, streams);
  await readers.finish();
  await judgeHistory(tally, place);
  return tally;
}

/** Waits until nearly all readers have an answer on its way. */
async function untilOpen(tally: DrainTally, streams: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (tally.open < streams * openShare) {
    if (performance.now() > deadline) {
      const failures = tally.failed.slice(0, 3).join("; ");
      throw new Error(`Only ${tally.open} of ${streams} streams are open after a minute. ${failures}`);
    }
    await delay(20);
  }
}
