import { setTimeout as delay } from "node:timers/promises";
import type { StreamCaller } from "./callers/caller.ts";
import { startFaces } from "./faces.ts";
import { readProcess, type ProcessFigures } from "./process-figures.ts";
import { renderTable } from "./render-table.ts";

/** How many streams, and how fast they are. */
export type PacedOptions = {
  readonly streams: number;
  readonly tokensPerSecond: number;
  /** For how long all of them are open. */
  readonly seconds: number;
};

type Figures = {
  readonly name: string;
  readonly bytesPerStream: number;
  readonly cpuMsPerThousand: number;
  readonly delayMs: number;
};

/** Streams at a reading pace, all open at once: memory for each, and CPU while nothing but tokens passes. */
export async function measurePaced(options: PacedOptions): Promise<string> {
  const rows: Figures[] = [];
  for (const index of [0, 1, 2, 3]) rows.push(await measureFace(index, options));
  const base = rows[0] as Figures;
  const title =
    `Paced: ${options.streams.toLocaleString("en")} streams at ${options.tokensPerSecond} tokens/s, ` +
    `open for ${options.seconds} s, a fresh process for each face`;
  const cells = rows.map((row) => [
    row.name,
    (row.bytesPerStream / 1024).toFixed(0),
    (row.bytesPerStream / base.bytesPerStream).toFixed(2),
    row.cpuMsPerThousand.toFixed(1),
    (row.cpuMsPerThousand / base.cpuMsPerThousand).toFixed(2),
    row.delayMs.toFixed(0),
  ]);
  const head = ["face", "KiB / stream", "ratio", "CPU ms / 1,000 tokens", "ratio", "late at the end, ms"];
  return `${title}\n${renderTable(head, cells)}`;
}

async function measureFace(index: number, options: PacedOptions): Promise<Figures> {
  const tokens = Math.ceil(options.tokensPerSecond * (options.seconds + openSeconds(options)));
  await using faces = await startFaces({ tokens, tokensPerSecond: options.tokensPerSecond });
  const caller = faces.callers[index] as StreamCaller;
  const targets = await faces.server.createConversations(options.streams);
  const before = readProcess(caller.pid);
  const asked = [];
  for (const [number, target] of targets.entries()) {
    asked.push(caller.ask(target));
    // A thousand sockets in one tick measure the accept queue, and nothing else.
    if (number % 20 === 19) await delay((1000 * openSeconds(options) * 20) / options.streams);
  }
  const opened = readProcess(caller.pid);
  await delay(options.seconds * 500);
  const after = readProcess(caller.pid);
  const answers = await Promise.all(asked);
  const idealMs = (tokens * 1000) / options.tokensPerSecond;
  return {
    name: caller.name,
    bytesPerStream: (after.residentBytes - before.residentBytes) / options.streams,
    cpuMsPerThousand: toCpu(opened, after, options),
    delayMs: Math.max(...answers.map((answer) => answer.totalMs)) - idealMs,
  };
}

/** Over how long the streams are opened. */
function openSeconds(options: PacedOptions): number {
  return Math.max(1, options.streams / 250);
}

function toCpu(from: ProcessFigures, to: ProcessFigures, options: PacedOptions): number {
  const tokens = options.streams * options.tokensPerSecond * options.seconds * 0.5;
  return ((to.cpuMs - from.cpuMs) * 1000) / tokens;
}
