import { composeBackend, type ComposedBackend, type RedisServer } from "@llm-backend/testing";
import { alternate } from "../alternate.ts";
import { readProcess } from "../process-figures.ts";
import { renderTable } from "../render-table.ts";
import { median, percentile } from "../statistics.ts";
import { storeConversation, storeSession, storeUser, toMessage } from "../stored-rows.ts";
import type { RedisBenchOptions } from "./redis-bench-options.ts";

type Parts = ComposedBackend["parts"];
type Link = NonNullable<Parts["redis"]>["link"];

/** Something that the server reads again and again, and that could lie in Redis as well. */
type Read = {
  readonly title: string;
  readonly reads: number;
  /** @throws Error when there is nothing. */
  readonly fromDatabase: (index: number) => Promise<unknown>;
  readonly fromRedis: (index: number) => Promise<unknown>;
};

/** What one read took, in microseconds. */
type Figures = {
  readonly cpu: number;
  readonly redisCpu: number;
  readonly p50: number;
  readonly p99: number;
};

const sessionsMany = 10_000;
const conversationsMany = 200;
const promptMessages = 50;
/** Reads at the same time. */
const concurrencies = [1, 32];

/**
 * Measures what a cache in Redis would gain: the reads that the server makes of its database, each as it makes it,
 * against a GET of the same over the server's own connection and what it takes to read the JSON.
 */
export async function measureReads(
  redis: RedisServer,
  { quick, rounds }: RedisBenchOptions,
): Promise<string> {
  await using backend = await composeBackend({ config: { redis: { url: redis.url } } });
  const reads = await prepare(backend.parts, quick ? 20 : 1);
  const rows: string[][] = [];
  for (const read of reads) {
    for (const concurrency of concurrencies) {
      const count = quick ? 100 : read.reads;
      const seen = await alternate(["fromDatabase", "fromRedis"], {
        rounds: quick ? 1 : rounds,
        measure: (side) => measure(read[side], { redis, count, concurrency }),
      });
      rows.push(
        toRow(read, "SQLite", { concurrency, figures: seen.fromDatabase }),
        toRow(read, "Redis", { concurrency, figures: seen.fromRedis }),
      );
    }
  }
  const head = ["read", "from", "at once", "CPU µs", "Redis' CPU µs", "p50 µs", "p99 µs"];
  return `A read of the database, against a GET of the same; medians of ${quick ? 1 : rounds} rounds\n${renderTable(head, rows)}`;
}

async function prepare({ storage, redis }: Parts, divisor: number): Promise<readonly Read[]> {
  if (redis === undefined) throw new Error("The configuration names no Redis.");
  const { link } = redis;
  while (!link.state.isOk) await new Promise((resolve) => setImmediate(resolve));
  const userId = await storeUser(storage);
  const sessionIds: string[] = [];
  for (let index = 0; index < sessionsMany / divisor; index++)
    sessionIds.push(await storeSession(storage, userId));
  for (const id of sessionIds) await put(link, id, await storage.sessions.findHolder(id));
  const branches: { conversationId: number; messageId: string }[] = [];
  for (let index = 0; index < conversationsMany / divisor; index++) {
    const conversationId = await storeConversation(storage, userId);
    const branch = toBranch(conversationId);
    await storage.messages.insert(branch);
    branches.push({ conversationId, messageId: branch.at(-1)?.id as string });
  }
  const readBranch = ({ conversationId, messageId }: (typeof branches)[number]) =>
    storage.messages.listBranch(conversationId, { messageId, limit: promptMessages });
  for (const branch of branches) await put(link, branch.messageId, await readBranch(branch));
  return [
    {
      title: "the session and the user of a token",
      reads: 20_000,
      fromDatabase: (index) => need(storage.sessions.findHolder(pick(sessionIds, index))),
      fromRedis: (index) => get(link, pick(sessionIds, index)),
    },
    {
      title: `the last ${promptMessages} messages of a conversation`,
      reads: 4_000,
      fromDatabase: (index) => need(readBranch(pick(branches, index))),
      fromRedis: (index) => get(link, pick(branches, index).messageId),
    },
    {
      title: "the same, kept with every turn that changes them",
      reads: 4_000,
      fromDatabase: (index) => need(readBranch(pick(branches, index))),
      async fromRedis(index) {
        const { messageId } = pick(branches, index);
        await put(link, messageId, await get(link, messageId));
      },
    },
  ];
}

function toBranch(conversationId: number) {
  const branch: ReturnType<typeof toMessage>[] = [];
  for (let index = 0; index < promptMessages; index++) {
    const role = index % 2 === 0 ? "user" : "assistant";
    branch.push(toMessage({ conversationId, parentId: branch.at(-1)?.id ?? null, role }));
  }
  return branch;
}

/** Far from the one before, so that no page of the database is read twice in a row. */
function pick<TItem>(list: readonly TItem[], index: number): TItem {
  return list[(index * 7919) % list.length] as TItem;
}

async function need<TValue>(reading: Promise<TValue | undefined>): Promise<TValue> {
  const value = await reading;
  if (value === undefined) throw new Error("There is nothing.");
  return value;
}

async function put(link: Link, name: string, value: unknown): Promise<void> {
  await link.ask((client) => client.set(link.key(name), JSON.stringify(value), "PX", 3_600_000));
}

async function get(link: Link, name: string): Promise<unknown> {
  const text = await link.ask((client) => client.get(link.key(name)));
  // No JSON, and so an error, where Redis has nothing or does not answer.
  return need(Promise.resolve(JSON.parse(String(text)) ?? undefined));
}

type Load = {
  readonly redis: RedisServer;
  readonly count: number;
  readonly concurrency: number;
};

async function measure(
  read: Read["fromDatabase" | "fromRedis"],
  { redis, count, concurrency }: Load,
): Promise<Figures> {
  const times: number[] = [];
  const waiting = Array.from({ length: count }).keys();
  const redisBefore = readProcess(redis.pid).cpuMs;
  const cpu = process.cpuUsage();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const index of waiting) {
        const startedAt = performance.now();
        await read(index);
        times.push((performance.now() - startedAt) * 1000);
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  return {
    cpu: (user + system) / count,
    redisCpu: ((readProcess(redis.pid).cpuMs - redisBefore) * 1000) / count,
    p50: median(times),
    p99: percentile(times, 99),
  };
}

function toRow(
  { title }: Read,
  place: string,
  { concurrency, figures }: { concurrency: number; figures: readonly Figures[] },
): string[] {
  const cells = (["cpu", "redisCpu", "p50", "p99"] as const).map((field) =>
    Math.round(median(figures.map((one) => one[field]))).toLocaleString("en"),
  );
  return [title, place, String(concurrency), ...cells];
}
