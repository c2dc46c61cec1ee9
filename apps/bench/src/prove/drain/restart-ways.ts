import { setTimeout as delay } from "node:timers/promises";
import { readChildren } from "../../process-figures.ts";
import type { Served } from "../stage/served.ts";
import type { DrainTally } from "./drain-tally.ts";

/** A way to put a new process in the place of one that serves. */
export type Restart = (served: Served, tally: DrainTally) => Promise<void>;

const replacedMsMax = 60_000;

/** Ends the process, and starts another one when it is gone: in between nobody listens. */
export const stopAndStart: Restart = async (served, tally) => {
  const { exit, endedMs, readyMs } = await served.restart("SIGTERM");
  if (exit !== 0) tally.badExits.push(`exit ${exit}`);
  tally.endedMs.push(endedMs);
  tally.readyMs.push(readyMs);
};

/** Lets the primary replace its workers, one after the other: somebody listens all the time. */
export const replaceWorkers: Restart = async (served, tally) => {
  const { pid } = await served.current;
  const before = readChildren(pid);
  const startedAt = performance.now();
  process.kill(pid, "SIGHUP");
  for (;;) {
    const now = readChildren(pid);
    if (now.length === before.length && !now.some((child) => before.includes(child))) break;
    if (performance.now() - startedAt > replacedMsMax) {
      tally.badExits.push(`workers ${before.join()} have become ${now.join()}`);
      return;
    }
    await delay(50);
  }
  tally.endedMs.push(performance.now() - startedAt);
};
