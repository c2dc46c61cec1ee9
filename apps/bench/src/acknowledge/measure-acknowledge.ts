import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { openStorage } from "@llm-backend/testing";
import { renderTable } from "../render-table.ts";
import { median } from "../statistics.ts";
import { measureDisk } from "./measure-disk.ts";
import { openTurns, type Turns } from "./turns.ts";

/** How much is written, and where. */
export type AcknowledgeOptions = {
  readonly rounds: number;
  /** Transactions of a round. */
  readonly transactions: number;
  /** How many are asked for at once. */
  readonly concurrencies: readonly number[];
  /** A folder on the disk that is measured. */
  readonly disk: string;
};

type SideName = "inPlace" | "beside";

type Figures = {
  readonly perSecond: number;
  /** CPU of the process for one transaction. */
  readonly cpuMicros: number;
  /** How long a timer of a millisecond took. */
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
};

const delayNanosPerMs = 1e6;

/**
 * Compares transactions that SQLite brings to the disk in place, which stops the event loop, with those that are brought
 * there beside it: how many are acknowledged in a second, and how late the event loop is meanwhile.
 */
export async function measureAcknowledge(options: AcknowledgeOptions): Promise<string> {
  const folder = await mkdtemp(join(options.disk, "llm-backend-acknowledge-"));
  try {
    const rows: string[][] = [];
    const disk = await measureDisk(join(folder, "page"));
    for (const concurrency of options.concurrencies)
      rows.push(...(await compare(folder, concurrency, options)));
    const title = `Turns of chat, ${options.transactions.toLocaleString("en")} in each of ${options.rounds} rounds, on ${options.disk}, where ${disk}; ratios within a round`;
    const head = [
      "at once",
      "brought to the disk",
      "acknowledged/s",
      "ratio",
      "CPU µs",
      "ratio",
      "timer p50 ms",
      "p99 ms",
    ];
    return `${title}\n${renderTable(head, rows)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(
  folder: string,
  concurrency: number,
  options: AcknowledgeOptions,
): Promise<string[][]> {
  await using cleanup = new AsyncDisposableStack();
  const open = async (name: SideName) => {
    const path = join(folder, `${name}-${concurrency}.db`);
    const storage = await openStorage({ path, syncsBeside: name === "beside" });
    cleanup.defer(() => storage.close());
    return openTurns(storage);
  };
  const sides: Record<SideName, Turns> = { inPlace: await open("inPlace"), beside: await open("beside") };
  const seen: Record<SideName, Figures[]> = { inPlace: [], beside: [] };
  // The first round is for the compiler.
  for (let round = 0; round <= options.rounds; round++) {
    const order = round % 2 === 0 ? (["inPlace", "beside"] as const) : (["beside", "inPlace"] as const);
    for (const name of order) {
      const figures = await measure(sides[name], concurrency, options.transactions);
      if (round > 0) seen[name].push(figures);
    }
  }
  return [
    toRow(concurrency, "in place", [seen.inPlace, seen.inPlace]),
    toRow(concurrency, "beside", [seen.beside, seen.inPlace]),
  ];
}

async function measure(turns: Turns, concurrency: number, count: number): Promise<Figures> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  delay.enable();
  const waiting = Array.from({ length: count }).keys();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const _ of waiting) await turns.write();
    }),
  );
  delay.disable();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    perSecond: count / seconds,
    cpuMicros: (user + system) / count,
    delayP50Ms: delay.percentile(50) / delayNanosPerMs,
    delayP99Ms: delay.percentile(99) / delayNanosPerMs,
  };
}

function toRow(
  concurrency: number,
  name: string,
  [own, base]: readonly [readonly Figures[], readonly Figures[]],
): string[] {
  const middle = (pick: (figures: Figures) => number) => median(own.map(pick));
  const ratio = (pick: (figures: Figures) => number) =>
    median(own.map((figures, round) => pick(figures) / pick(base[round] as Figures))).toFixed(2);
  return [
    String(concurrency),
    name,
    Math.round(middle(({ perSecond }) => perSecond)).toLocaleString("en"),
    ratio(({ perSecond }) => perSecond),
    Math.round(middle(({ cpuMicros }) => cpuMicros)).toLocaleString("en"),
    ratio(({ cpuMicros }) => cpuMicros),
    middle(({ delayP50Ms }) => delayP50Ms).toFixed(1),
    middle(({ delayP99Ms }) => delayP99Ms).toFixed(1),
  ];
}
