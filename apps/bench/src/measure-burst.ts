import type { ConversationTarget, StreamCaller } from "./callers/caller.ts";
import { startFaces } from "./faces.ts";
import { readProcess } from "./process-figures.ts";
import { renderTable } from "./render-table.ts";
import { median } from "./statistics.ts";

/** How much is asked. */
export type BurstOptions = {
  readonly rounds: number;
  /** Answers in each round, and how many of them at once. */
  readonly answers: number;
  readonly concurrency: number;
  readonly tokens: number;
};

type Round = { readonly tokensPerSecond: number; readonly cpuMsPerThousand: number };

/** Answers as fast as the upstream sends them: tokens per second, and what the process in between pays for them. */
export async function measureBurst(options: BurstOptions): Promise<string> {
  await using faces = await startFaces({ tokens: options.tokens, tokensPerSecond: "burst" });
  const { callers, server } = faces;
  const rounds = new Map<StreamCaller, Round[]>(callers.map((caller) => [caller, []]));
  // The first round warms everything up and is not counted.
  for (let round = 0; round <= options.rounds; round++) {
    // Whoever comes first must not always be the same one.
    for (let turn = 0; turn < callers.length; turn++) {
      const caller = callers[(round + turn) % callers.length] as StreamCaller;
      const targets = await server.createConversations(options.answers);
      const figures = await measureRound(caller, targets, options);
      if (round > 0) rounds.get(caller)?.push(figures);
    }
  }
  return render(callers, rounds, options);
}

async function measureRound(
  caller: StreamCaller,
  targets: ConversationTarget[],
  options: BurstOptions,
): Promise<Round> {
  const before = readProcess(caller.pid);
  const startedAt = performance.now();
  const waiting = targets.values();
  await Promise.all(
    Array.from({ length: options.concurrency }, async () => {
      for (const target of waiting) await caller.ask(target);
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const tokens = targets.length * options.tokens;
  const cpuMs = readProcess(caller.pid).cpuMs - before.cpuMs;
  return { tokensPerSecond: tokens / seconds, cpuMsPerThousand: (cpuMs * 1000) / tokens };
}

function render(
  callers: readonly StreamCaller[],
  rounds: ReadonlyMap<StreamCaller, readonly Round[]>,
  options: BurstOptions,
): string {
  const base = rounds.get(callers[0] as StreamCaller) ?? [];
  const rows = callers.map((caller) => {
    const own = rounds.get(caller) ?? [];
    const ratio = (pick: (round: Round) => number) =>
      median(own.map((round, index) => pick(round) / pick(base[index] as Round))).toFixed(2);
    return [
      caller.name,
      Math.round(median(own.map((round) => round.tokensPerSecond))).toLocaleString("en"),
      ratio((round) => round.tokensPerSecond),
      median(own.map((round) => round.cpuMsPerThousand)).toFixed(2),
      ratio((round) => round.cpuMsPerThousand),
    ];
  });
  const title =
    `Burst: ${options.tokens} tokens an answer, ${options.concurrency} answers at once, ` +
    `medians of ${options.rounds} rounds`;
  return `${title}\n${renderTable(["face", "tokens/s", "ratio", "CPU ms / 1,000 tokens", "ratio"], rows)}`;
}
