import { measureBurst } from "./measure-burst.ts";
import { measureFirstToken } from "./measure-first-token.ts";
import { measurePaced } from "./measure-paced.ts";
import { requireNames } from "./unknown-name.ts";

/** What is measured, and how much of it. */
export type ChatBenchOptions = {
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly rounds?: string | undefined;
  readonly streams?: string | undefined;
};

/**
 * Measures chat over all of its faces.
 *
 * @throws UnknownName when a measurement is named that there is none of.
 */
export async function runChatBench(options: ChatBenchOptions, print: (text: string) => void): Promise<void> {
  const { names, quick } = options;
  const rounds = Number(options.rounds ?? (quick ? 1 : 7));
  const streams = Number(options.streams ?? (quick ? 20 : 1000));
  const measures: Readonly<Record<string, () => Promise<string>>> = {
    burst: () =>
      measureBurst({ rounds, answers: quick ? 8 : 64, concurrency: 8, tokens: quick ? 200 : 2000 }),
    "first-token": () => measureFirstToken({ asks: quick ? 5 : 300 }),
    paced: () => measurePaced({ streams, tokensPerSecond: quick ? 20 : 10, seconds: quick ? 2 : 20 }),
  };
  requireNames(names, Object.keys(measures));
  for (const [name, measure] of Object.entries(measures)) {
    if (names.length === 0 || names.includes(name)) print(`\n${await measure()}\n`);
  }
}
