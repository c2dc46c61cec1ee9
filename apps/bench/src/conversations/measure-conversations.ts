import { readProcess } from "../process-figures.ts";
import { renderTable } from "../render-table.ts";
import { median } from "../statistics.ts";
import { startFilled, type FilledServer, type Filling } from "./filled-server.ts";
import { steps, type Step } from "./steps.ts";

/** Two sizes of the same data, and how often each step is taken on them. */
export type ConversationsOptions = {
  readonly small: Filling;
  readonly large: Filling;
  readonly rounds: number;
  readonly stepsPerRound: number;
};

/** CPU of the server's process, and time, for one step; in milliseconds. */
type Cost = { readonly cpuMs: number; readonly ms: number };

type Costs = { readonly few: readonly Cost[]; readonly many: readonly Cost[] };

/** What each step costs while the data grows: CPU and time on little and on much of it, and their ratio. */
export async function measureConversations(options: ConversationsOptions): Promise<string> {
  const { small, large, rounds, stepsPerRound } = options;
  await using few = await startFilled(small);
  await using many = await startFilled(large);
  const rows: string[][] = [];
  for (const step of steps) rows.push(toRow(step, await measureStep(step, [few, many], options)));
  const title =
    `${toText(small)}, against ${toText(large)}; medians of ${rounds} rounds of ${stepsPerRound} steps, ` +
    "ratios taken within a round";
  const head = ["step", "CPU ms", "CPU ms, much", "ratio", "ms", "ms, much", "ratio"];
  return `${title}\n${renderTable(head, rows)}`;
}

/** What a step costs on either server, round by round. */
async function measureStep(
  step: Step,
  [few, many]: readonly [FilledServer, FilledServer],
  { rounds, stepsPerRound }: ConversationsOptions,
): Promise<Costs> {
  const costs = { few: [] as Cost[], many: [] as Cost[] };
  const turns = [
    [costs.few, few],
    [costs.many, many],
  ] as const;
  // The first round warms both up and is not counted.
  for (let round = 0; round <= rounds; round++) {
    // Whoever comes first must not always be the same one.
    for (const [own, server] of round % 2 === 0 ? turns : turns.toReversed()) {
      const cost = await measureRound(step, server, stepsPerRound);
      if (round > 0) own.push(cost);
    }
  }
  return costs;
}

async function measureRound(step: Step, server: FilledServer, count: number): Promise<Cost> {
  const before = readProcess(server.pid).cpuMs;
  const startedAt = performance.now();
  for (let index = 0; index < count; index++) await step.take(server, index);
  const ms = (performance.now() - startedAt) / count;
  return { cpuMs: (readProcess(server.pid).cpuMs - before) / count, ms };
}

function toRow({ name }: Step, { few, many }: Costs): string[] {
  const toCells = (pick: (cost: Cost) => number) => [
    median(few.map(pick)).toFixed(2),
    median(many.map(pick)).toFixed(2),
    median(many.map((cost, round) => pick(cost) / pick(few[round] as Cost))).toFixed(2),
  ];
  return [name, ...toCells(({ cpuMs }) => cpuMs), ...toCells(({ ms }) => ms)];
}

const toText = ({ messages, conversations }: Filling) =>
  `${conversations.toLocaleString("en")} conversations, one of ${messages.toLocaleString("en")} messages`;
