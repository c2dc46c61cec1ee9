import { startScript } from "../../script-process.ts";
import { always, never, told } from "../frame/figure.ts";
import type { Figure, Proof } from "../frame/proof.ts";
import { measureDirect, measureServed, type StreamsSeen, type StreamsSize } from "./measure-streams.ts";
import { askChat, askV1 } from "./stream-requests.ts";

/** Streams that are opened in a second: more than this is a rush, which is another question. */
const openedPerSecond = 250;
const largeStreamsMin = 100;

/** Streams at the pace of a model that nothing is lost of, doubled in, or strays into. */
export const streams: Proof = {
  name: "streams",
  promise:
    "So many paced streams at once through chat (over tRPC and REST), and as many through /v1. Every token has a " +
    "number that belongs to one stream, and the time at which it was sent.",
  unit: "streams at once",
  few: 200,
  many: 5000,
  async run({ n, progress }) {
    const size = toSize(n);
    await using upstream = await startScript(new URL("../../gateway/upstream/main.ts", import.meta.url));
    const direct = await measureDirect(upstream, size);
    progress(n / 3, "without a server");
    const chat = await measureServed(upstream, size, askChat);
    progress((2 * n) / 3, "chat");
    const v1 = await measureServed(upstream, size, askV1);
    return [
      told("without a server: delay p50, p99", toDelays(direct)),
      ...toFigures("chat", chat, { n, direct }),
      ...toFigures("/v1", v1, { n, direct }),
    ];
  },
};

/** A token a second for each of thousands, two of fewer; a small run only shows that the proof works. */
function toSize(n: number): StreamsSize {
  if (n < largeStreamsMin) return { streams: n, intervalMs: 50, openMs: 100, watchMs: 200, spareMs: 400 };
  const openMs = Math.max(1000, (n / openedPerSecond) * 1000);
  return {
    streams: n,
    intervalMs: n > 1000 ? 1000 : 500,
    openMs,
    watchMs: 20_000,
    spareMs: Math.max(1000, openMs / 2),
  };
}

function toFigures(
  kind: string,
  seen: StreamsSeen,
  { n, direct }: { readonly n: number; readonly direct: StreamsSeen },
): Figure[] {
  const { lost, doubled, reordered, crossed, whole } = seen;
  const problems = seen.problems.length === 0 ? "" : `: ${seen.problems.join("; ")}`;
  const ended = always(`${kind}: streams with a proper end`, { good: whole, all: n });
  const none = (what: string, count: number) => never(`${kind}: tokens ${what}`, count);
  return [
    { ...ended, measured: `${ended.measured}${problems}` },
    none("lost", lost),
    none("doubled", doubled),
    none("out of order", reordered),
    none("from another stream", crossed),
    told(`${kind}: delay p50, p99`, toDelays(seen)),
    told(
      `${kind}: added delay p50, p99`,
      `${(seen.delayP50Ms - direct.delayP50Ms).toFixed(1)} ms, ${(seen.delayP99Ms - direct.delayP99Ms).toFixed(1)} ms`,
    ),
    told(`${kind}: memory per stream`, `${(seen.bytesPerStream / 1024).toFixed(0)} KiB`),
  ];
}

const toDelays = ({ delayP50Ms, delayP99Ms }: StreamsSeen) =>
  `${delayP50Ms.toFixed(1)} ms, ${delayP99Ms.toFixed(1)} ms`;
