import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RedisServer } from "@llm-backend/testing";
import { alternate } from "../../alternate.ts";
import { readProcess } from "../../process-figures.ts";
import { renderTable } from "../../render-table.ts";
import { startScript, type ScriptProcess } from "../../script-process.ts";
import { median, percentile } from "../../statistics.ts";
import type { RedisBenchOptions } from "../redis-bench-options.ts";
import { openRelays, type Relays } from "./open-relays.ts";
import { readClock, toRunName, type PlayedRun } from "./run-name.ts";

type WayName = "sockets" | "redis";

/** What one piece of text took, in microseconds. */
type Figures = {
  readonly p50: number;
  readonly p99: number;
  readonly ownerCpu: number;
  readonly followerCpu: number;
  readonly redisCpu: number;
};

const ownerScript = new URL("relay-owner.ts", import.meta.url);
/** Runs that are followed at the same time. */
const runsAtOnce = 20;

/**
 * Measures both ways of live text from the process that drives a run to one that follows it, with the server's own code:
 * the sockets of workers, and streams of Redis.
 */
export async function measureRelays(
  redis: RedisServer,
  { quick, rounds }: RedisBenchOptions,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "relay-"));
  try {
    await using owner = await startScript(ownerScript, [folder, redis.url]);
    await using relays = await openRelays("follower", { folder, redisUrl: redis.url });
    for (const relay of [relays.sockets, relays.redis]) await relay.serve(noHandlers);
    const run: PlayedRun = { pieces: quick ? 10 : 250, everyMs: 20 };
    const seen = await alternate(["sockets", "redis"], {
      rounds: quick ? 1 : rounds,
      measure: (way, round) => measure({ owner, relays, redis, run }, way, round),
    });
    const head = ["way", "delay p50 µs", "p99 µs", "owner's CPU µs", "follower's", "Redis'", "together"];
    const rows = [toRow("sockets of the machine", seen.sockets), toRow("streams of Redis", seen.redis)];
    const pace = `${runsAtOnce} answers at ${1000 / run.everyMs} pieces a second`;
    return `A piece of text on its way to another process: ${pace}; medians of ${quick ? 1 : rounds} rounds\n${renderTable(head, rows)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const noHandlers: Parameters<Relays["redis"]["serve"]>[0] = {
  openLog: () => undefined,
  stop: () => Promise.resolve(),
  start: () => Promise.reject(new Error("Nothing is started here.")),
  onSignal: () => {},
};

type Stage = {
  readonly owner: ScriptProcess;
  readonly relays: Relays;
  readonly redis: RedisServer;
  readonly run: PlayedRun;
};

async function measure({ owner, relays, redis, run }: Stage, way: WayName, round: number): Promise<Figures> {
  const delays: number[] = [];
  const pids = [owner.pid, process.pid, redis.pid];
  const before = pids.map((pid) => readProcess(pid).cpuMs);
  await Promise.all(
    Array.from({ length: runsAtOnce }, async (_, index) => {
      const name = toRunName(run, `${way}${round}x${index}`);
      for await (const { item } of relays[way].follow("owner", name, { position: 0 })) {
        const now = process.hrtime.bigint();
        if (item.type === "text-delta")
          for (const time of item.text.split(" ")) delays.push(readClock(time, now));
      }
    }),
  );
  if (delays.length !== run.pieces * runsAtOnce) throw new Error(`${delays.length} pieces came over ${way}.`);
  const [ownerCpu, followerCpu, redisCpu] = pids.map(
    (pid, index) => ((readProcess(pid).cpuMs - (before[index] as number)) * 1000) / delays.length,
  ) as [number, number, number];
  return { p50: median(delays), p99: percentile(delays, 99), ownerCpu, followerCpu, redisCpu };
}

function toRow(title: string, figures: readonly Figures[]): string[] {
  const middle = (pick: (one: Figures) => number) =>
    Math.round(median(figures.map(pick))).toLocaleString("en");
  return [
    title,
    middle(({ p50 }) => p50),
    middle(({ p99 }) => p99),
    middle(({ ownerCpu }) => ownerCpu),
    middle(({ followerCpu }) => followerCpu),
    middle(({ redisCpu }) => redisCpu),
    middle(({ ownerCpu, followerCpu, redisCpu }) => ownerCpu + followerCpu + redisCpu),
  ];
}
