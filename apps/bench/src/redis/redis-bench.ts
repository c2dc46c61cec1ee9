import {
  createPacedUpstream,
  findRedisObstacle,
  startRedisServer,
  type RedisServer,
} from "@llm-backend/testing";
import { renderTable } from "../render-table.ts";
import { median } from "../statistics.ts";
import { openSide, type Side, type UseName } from "./bench-side.ts";
import { measureReads } from "./measure-reads.ts";
import type { RedisBenchOptions } from "./redis-bench-options.ts";
import { measureRelays } from "./relay/measure-relays.ts";

type Use = { readonly name: UseName; readonly title: string; readonly turns: number };

const uses: readonly Use[] = [
  { name: "call", title: "a call under /v1 with a key that has limits", turns: 400 },
  { name: "chat", title: "a turn of chat, followed to its end", turns: 200 },
  { name: "login", title: "a login", turns: 40 },
];

/** What one turn took, in microseconds. */
type Figures = { readonly cpu: number; readonly wall: number };

/**
 * Measures what each use of Redis costs, and what a cache there would gain. The costs are those of one process: two
 * servers in this process, one with Redis and one without, take turns. The CPU is that of this process, the caller's
 * share included: what counts is the difference.
 */
export async function runRedisBench(
  { quick, rounds }: RedisBenchOptions,
  print: (text: string) => void,
): Promise<void> {
  const obstacle = findRedisObstacle();
  if (obstacle !== undefined) return print(`Not measured: ${obstacle}\n`);
  await using redis = await startRedisServer();
  const options = { quick, rounds };
  print(`\n${await measureCosts(redis, options)}\n`);
  print(`\n${await measureReads(redis, options)}\n`);
  print(`\n${await measureRelays(redis, options)}\n`);
}

async function measureCosts(redis: RedisServer, { quick, rounds }: RedisBenchOptions): Promise<string> {
  await using upstream = await createPacedUpstream({ tokens: 5 });
  await using alone = await openSide(upstream.url);
  await using withRedis = await openSide(upstream.url, redis.url);
  const rows = [];
  const sides = { alone, redis: withRedis };
  for (const use of uses) rows.push(toRow(use.title, await compare(sides, use, { quick, rounds })));
  const head = [
    "use",
    "CPU alone, µs",
    "with Redis, µs",
    "costs, µs",
    "wall alone, µs",
    "with Redis, µs",
    "costs, µs",
  ];
  return `One process, without Redis and with it; medians of ${quick ? 1 : rounds} rounds\n${renderTable(head, rows)}`;
}

type Seen = { readonly alone: Figures[]; readonly redis: Figures[] };

/** Lets both sides take turns, each as often first as the other. */
async function compare(
  sides: Readonly<Record<keyof Seen, Side>>,
  use: Use,
  { quick, rounds }: RedisBenchOptions,
): Promise<Seen> {
  const turns = quick ? Math.ceil(use.turns / 40) : use.turns;
  const seen: Seen = { alone: [], redis: [] };
  // The first round is for the compiler.
  for (let round = 0; round <= (quick ? 1 : rounds); round++) {
    const order = round % 2 === 0 ? (["alone", "redis"] as const) : (["redis", "alone"] as const);
    for (const name of order) {
      const figures = await measure(sides[name], use.name, turns);
      if (round > 0) seen[name].push(figures);
    }
  }
  return seen;
}

async function measure(side: Side, use: UseName, turns: number): Promise<Figures> {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  for (let turn = 0; turn < turns; turn++) await side.turn(use);
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / turns, wall: ((performance.now() - startedAt) * 1000) / turns };
}

function toRow(title: string, seen: { alone: readonly Figures[]; redis: readonly Figures[] }): string[] {
  const cells = (["cpu", "wall"] as const).flatMap((field) => {
    const [alone, redis] = [seen.alone, seen.redis].map((list) => median(list.map((one) => one[field])));
    return [alone, redis, (redis ?? 0) - (alone ?? 0)];
  });
  return [title, ...cells.map((value) => Math.round(value ?? 0).toLocaleString("en"))];
}
