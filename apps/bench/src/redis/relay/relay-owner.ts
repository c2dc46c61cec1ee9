/**
 * A process that drives runs, for others to follow over sockets and over Redis: `relay-owner.ts FOLDER REDIS-URL`. A run
 * is named after its length and its pace, and every piece of its text is the time at which it was there.
 */
import { openRelays } from "./open-relays.ts";
import { toClock, readRunName } from "./run-name.ts";

type Log = { readonly times: string[]; isOver: boolean; wake: () => void };

/** Lets pieces come at a pace, whether or not somebody reads. */
function startRun(name: string): Log {
  const { pieces, everyMs } = readRunName(name);
  const log: Log = { times: [], isOver: false, wake: () => {} };
  let left = pieces;
  const timer = setInterval(() => {
    log.times.push(toClock());
    log.isOver = --left === 0;
    if (log.isOver) clearInterval(timer);
    log.wake();
  }, everyMs);
  return log;
}

async function* follow(log: Log) {
  for (let position = 0; ;) {
    // What came meanwhile travels as one event, as in the log of a run.
    const text = log.times.splice(0).join(" ");
    if (text !== "") {
      position += text.length;
      yield { item: { type: "text-delta", text } as const, position };
    } else if (log.isOver) return;
    else await new Promise<void>((resolve) => (log.wake = resolve));
  }
}

const [folder = "", redisUrl = ""] = process.argv.slice(2);
await using relays = await openRelays("owner", { folder, redisUrl });
/** A run is asked for again and again while it is followed over Redis; it begins with the first time. */
const logs = new Map<string, Log>();
for (const relay of [relays.sockets, relays.redis]) {
  await relay.serve({
    openLog(name) {
      const log = logs.get(name) ?? startRun(name);
      logs.set(name, log);
      return { follow: () => follow(log) };
    },
    stop: () => Promise.resolve(),
    start: () => Promise.reject(new Error("Nothing is started here.")),
    onSignal: () => {},
  });
}
process.stdout.write(`${JSON.stringify({ port: 0 })}\n`);
await new Promise((resolve) => process.stdin.on("end", resolve).resume());
