import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Gives back what is not used any more, now. V8 does so when something new needs the room: a process that refuses
 * everything new would take its garbage for its load for ever. Stops the event loop for as long as it takes.
 */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  collect();
}
