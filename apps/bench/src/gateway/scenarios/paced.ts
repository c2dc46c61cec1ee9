import { setTimeout as delay } from "node:timers/promises";
import { readProcess, readProcessTree } from "../../process-figures.ts";
import type { Contender } from "../../rivals/contender.ts";
import { toChatRequest } from "../chat-request.ts";
import type { ContenderName } from "../contenders.ts";
import { inRounds, type Lab } from "../lab.ts";
import type { Column, Report } from "../report.ts";
import { createSeries, type Figures } from "../series.ts";
import type { Script } from "../upstream/script.ts";

type Crowd = {
  readonly streams: number;
  readonly tokensPerSecond: number;
  /** Over how long the streams are opened, and for how long all of them are looked at. */
  readonly openSeconds: number;
  readonly seconds: number;
  /** For how long the first stream goes on when the last one has been looked at. */
  readonly spareSeconds: number;
};

const columns: readonly Column[] = [
  { head: "CPU µs/token", figure: "cpuMicros", digits: 1, hasRatio: true },
  { head: "delay p50 ms", figure: "delayP50Ms", digits: 2 },
  { head: "delay p99 ms", figure: "delayP99Ms", digits: 2, hasRatio: true },
  { head: "resident MiB", figure: "residentMib", digits: 0, hasRatio: true },
  { head: "KiB/stream", figure: "kibPerStream", digits: 1 },
  { head: "not whole", figure: "broken", digits: 0 },
  { head: "reader busy %", figure: "readerPercent", digits: 0 },
  { head: "upstream busy %", figure: "upstreamPercent", digits: 0 },
];

/** Streams at the pace of a model: CPU for each token, how late it comes, and memory. */
export function measurePaced(lab: Lab): Promise<Report> {
  const crowd = {
    streams: lab.pick(200, 20),
    tokensPerSecond: 50,
    openSeconds: lab.pick(1, 0.1),
    seconds: lab.pick(5, 0.3),
    spareSeconds: lab.pick(1, 0.25),
  };
  return measure(lab, crowd, { rounds: lab.rounds ?? lab.pick(5, 1), names: everybody });
}

/** As many streams as a busy day has: that nothing is lost, and memory for each. */
export function measureCrowd(lab: Lab): Promise<Report> {
  const crowd = {
    streams: lab.pick(5000, 50),
    tokensPerSecond: lab.pick(2, 20),
    openSeconds: lab.pick(10, 0.1),
    seconds: lab.pick(10, 0.3),
    spareSeconds: lab.pick(2.5, 0.25),
  };
  return measure(lab, crowd, { rounds: 1, names: everybody });
}

const everybody: readonly ContenderName[] = ["raw", "nginx", "portkey", "afternoon", "ours"];

async function measure(
  lab: Lab,
  crowd: Crowd,
  { rounds, names }: { readonly rounds: number; readonly names: readonly ContenderName[] },
): Promise<Report> {
  await using field = await lab.start(names);
  const measured = createSeries(field.running);
  await inRounds(field.running, rounds, async (contender, isCounted) => {
    // What is loaded and compiled with the first streams is no stream's memory.
    const size = isCounted ? crowd : toTenth(crowd);
    const { figures, problems } = await measureTurn(lab, contender, size);
    field.notes.push(...problems);
    if (isCounted) measured.add(contender.name, figures);
  });
  const title =
    `${crowd.streams.toLocaleString("en")} streams at ${crowd.tokensPerSecond} tokens/s each, ` +
    `looked at for ${crowd.seconds} s; medians of ${rounds} rounds`;
  return { title, columns, series: measured, notes: field.notes };
}

async function measureTurn(
  lab: Lab,
  contender: Contender,
  crowd: Crowd,
): Promise<{ readonly figures: Figures; readonly problems: readonly string[] }> {
  const script = toScript(crowd);
  const before = readProcessTree(contender.pid);
  const streams = await lab.load.openStreams({
    port: contender.port,
    requests: [toChatRequest(contender, { script, isStreamed: true })],
    streams: crowd.streams,
    openMs: crowd.openSeconds * 1000,
    tokens: script.tokens,
  });
  const from = { own: readProcessTree(contender.pid), upstream: readProcess(lab.upstream.pid) };
  const seen = await streams.watch(() => delay(crowd.seconds * 1000));
  const to = { own: readProcessTree(contender.pid), upstream: readProcess(lab.upstream.pid) };
  const { whole, problems } = await streams.finish();
  return {
    figures: {
      cpuMicros: ((to.own.cpuMs - from.own.cpuMs) * 1000) / seen.tokens,
      delayP50Ms: seen.delayP50Ms,
      delayP99Ms: seen.delayP99Ms,
      residentMib: to.own.residentBytes / 1024 ** 2,
      kibPerStream: (to.own.residentBytes - before.residentBytes) / 1024 / crowd.streams,
      broken: crowd.streams - whole,
      readerPercent: seen.readerCpuMs / crowd.seconds / 10,
      upstreamPercent: (to.upstream.cpuMs - from.upstream.cpuMs) / crowd.seconds / 10,
    },
    problems: problems.map((problem) => `${contender.name}: ${problem}`),
  };
}

function toTenth(crowd: Crowd): Crowd {
  const { streams, openSeconds, seconds, spareSeconds } = crowd;
  return {
    ...crowd,
    streams: Math.ceil(streams / 10),
    openSeconds: openSeconds / 10,
    seconds: Math.min(1, seconds),
    spareSeconds: Math.min(1, spareSeconds),
  };
}

/** Enough tokens that the first stream is still open when the last one has been looked at. */
function toScript({ tokensPerSecond, openSeconds, seconds, spareSeconds }: Crowd): Script {
  return {
    kind: "paced",
    tokens: Math.ceil(tokensPerSecond * (openSeconds + seconds + spareSeconds)),
    intervalMs: 1000 / tokensPerSecond,
  };
}
