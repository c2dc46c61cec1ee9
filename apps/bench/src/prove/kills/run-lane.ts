import { setTimeout as delay } from "node:timers/promises";
import { checkDatabase } from "../stage/check-database.ts";
import { registerUser } from "../stage/proof-user.ts";
import { startSignedUpstream } from "../stage/signed-upstream.ts";
import { startAgain, startProofServer } from "../stage/start-proof-server.ts";
import type { Turns } from "../stage/take-turns.ts";
import { judgeScene, judgeMessages, type Kept } from "./judge-scene.ts";
import { openScene } from "./kill-scene.ts";
import type { KillTally } from "./kill-tally.ts";

/** One server that is killed again and again. */
export type LaneRun = {
  readonly kills: number;
  readonly random: () => number;
  readonly tally: KillTally;
  readonly onKill: () => void;
  /** Two servers that start at once would share the cores that one of them has for itself where it really runs. */
  readonly turns: Turns;
};

/** Most kills hit answers that are on their way; the others come while they are being asked for. */
const liveShare = 0.8;
/** Answers that do not come are killed before they do. */
const liveMsMax = 3000;
/** Long enough for the journal to be anywhere between two of its writes. */
const killMsMax = 600;
/** The file is looked through in full after every so many kills, and at the end. */
const killsPerCheck = 50;

/** Kills one server so many times, and judges after each time what is left. */
export async function runLane({ kills, random, tally, onKill, turns }: LaneRun): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const upstream = cleanup.use(await startSignedUpstream());
  let server = await startProofServer(upstream.url);
  cleanup.defer(() => server[Symbol.asyncDispose]());
  const token = await registerUser(server.url, "killed");
  const kept: Kept[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    const scene = await openScene({ url: server.url, token, name: `k${kill}` }, random);
    if (random() < liveShare) await Promise.race([scene.isLive, delay(liveMsMax, undefined, { ref: false })]);
    await delay(random() * killMsMax);
    const killedAt = performance.now();
    await server.kill("SIGKILL");
    const ended = server;
    const restarted = await turns(() => startAgain(ended));
    server = restarted.server;
    tally.readyMs.push(restarted.readyMs);
    kept.push(...(await judgeScene(scene, { url: server.url, token, killedAt, upstream, tally })));
    if (kill % killsPerCheck === 0 || kill === kills) {
      tally.databaseChecks++;
      tally.corrupt.push(...(await checkDatabase(server.folder)));
    }
    onKill();
  }
  // What was kept once has to be there after all further kills, too.
  for (const one of kept) await judgeMessages(one, { url: server.url, token, tally });
}
