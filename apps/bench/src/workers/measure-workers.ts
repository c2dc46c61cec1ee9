import { startFakeUpstreamProcess } from "@llm-backend/testing";
import { startBenchServer, type BenchServer } from "../bench-server.ts";
import type { StreamCaller } from "../callers/caller.ts";
import { createRawCaller, createSseCaller } from "../callers/http-callers.ts";
import { readProcessTree } from "../process-figures.ts";
import { renderTable } from "../render-table.ts";
import { median } from "../statistics.ts";

/** How much is asked. */
export type WorkersOptions = {
  readonly rounds: number;
  /**
   * Rounds before these, which are not counted. Of several processes each gets a part of the answers only, and code
   * that has seldom run is slow: compared too early, two workers cost half as much again as they do later.
   */
  readonly warmUps: number;
  /** Answers at once. */
  readonly concurrency: number;
  /** Each round has so many times the answers of a full one. */
  readonly share: number;
  /** The numbers of workers that are compared; the first is what the others are compared with. */
  readonly counts: readonly number[];
};

type Round = { readonly answersPerSecond: number; readonly cpuMsPerAnswer: number };

/** A server with so many workers, and one way to ask it. */
type Contender = { readonly count: number; readonly server: BenchServer; readonly caller: StreamCaller };

type Scenario = {
  readonly name: string;
  readonly tokens: number;
  /** Answers in a full round: about a second of one process. */
  readonly answers: number;
  /** Whether each answer belongs to a conversation of its own. */
  readonly isStored: boolean;
  readonly toCaller: (server: BenchServer) => StreamCaller;
};

const chat = {
  isStored: true,
  toCaller: ({ endpoint }: BenchServer) => createSseCaller(endpoint),
};
const passed = {
  isStored: false,
  toCaller: ({ endpoint }: BenchServer) => createRawCaller("/v1", { ...endpoint, token: "none" }),
};
const scenarios: readonly Scenario[] = [
  { name: "chat, 20 tokens", tokens: 20, answers: 384, ...chat },
  { name: "chat, 2,000 tokens", tokens: 2000, answers: 64, ...chat },
  { name: "/v1, 20 tokens", tokens: 20, answers: 1536, ...passed },
  { name: "/v1, 2,000 tokens", tokens: 2000, answers: 128, ...passed },
];

/** What several workers on one database bring, and what they cost: answers a second, and CPU of all their processes. */
export async function measureWorkers(options: WorkersOptions): Promise<string> {
  const rows: string[][] = [];
  for (const scenario of scenarios) rows.push(...(await measureScenario(scenario, options)));
  const title = `Workers: ${options.concurrency} answers at once, medians of ${options.rounds} rounds`;
  const head = ["scenario", "workers", "answers/s", "ratio", "CPU ms / answer", "ratio"];
  return `${title}\n${renderTable(head, rows)}`;
}

async function measureScenario(scenario: Scenario, options: WorkersOptions): Promise<string[][]> {
  await using cleanup = new AsyncDisposableStack();
  const pace = { tokens: scenario.tokens, tokensPerSecond: "burst" } as const;
  const upstream = cleanup.use(await startFakeUpstreamProcess(pace));
  const contenders: Contender[] = [];
  for (const count of options.counts) {
    const server = cleanup.use(await startBenchServer(upstream.url, { workers: count, noauth: true }));
    contenders.push({ count, server, caller: cleanup.use(scenario.toCaller(server)) });
  }
  const rounds = new Map<Contender, Round[]>(contenders.map((contender) => [contender, []]));
  for (let round = -options.warmUps; round < options.rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      // Whoever comes first must not always be the same one.
      const contender = contenders[(Math.abs(round) + turn) % contenders.length] as Contender;
      const figures = await measureRound(contender, scenario, options);
      if (round >= 0) rounds.get(contender)?.push(figures);
    }
  }
  const base = rounds.get(contenders[0] as Contender) ?? [];
  return contenders.map((contender) => toRow(scenario, contender.count, [rounds.get(contender) ?? [], base]));
}

async function measureRound(
  { server, caller }: Contender,
  scenario: Scenario,
  options: WorkersOptions,
): Promise<Round> {
  const answers = Math.ceil(scenario.answers * options.share);
  const targets = scenario.isStored
    ? await server.createConversations(answers)
    : Array.from({ length: answers }, () => ({ conversationId: 0 }));
  const before = readProcessTree(caller.pid);
  const startedAt = performance.now();
  const waiting = targets.values();
  await Promise.all(
    Array.from({ length: options.concurrency }, async () => {
      for (const target of waiting) await caller.ask(target);
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const cpuMs = readProcessTree(caller.pid).cpuMs - before.cpuMs;
  return { answersPerSecond: answers / seconds, cpuMsPerAnswer: cpuMs / answers };
}

function toRow(
  { name }: Scenario,
  count: number,
  [own, base]: readonly [readonly Round[], readonly Round[]],
): string[] {
  const ratio = (pick: (round: Round) => number) =>
    median(own.map((round, index) => pick(round) / pick(base[index] as Round))).toFixed(2);
  return [
    name,
    String(count),
    Math.round(median(own.map((round) => round.answersPerSecond))).toLocaleString("en"),
    ratio((round) => round.answersPerSecond),
    median(own.map((round) => round.cpuMsPerAnswer)).toFixed(2),
    ratio((round) => round.cpuMsPerAnswer),
  ];
}
