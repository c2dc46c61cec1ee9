import { measureWorkers } from "./measure-workers.ts";

/** Compares one process with two that serve together. */
export async function runWorkersBench(
  options: { readonly quick: boolean; readonly rounds?: string | undefined },
  print: (text: string) => void,
): Promise<void> {
  const { quick } = options;
  const rounds = Number(options.rounds ?? (quick ? 1 : 5));
  const size = quick
    ? { share: 1 / 32, warmUps: 1, concurrency: 4 }
    : { share: 1, warmUps: 3, concurrency: 32 };
  print(`\n${await measureWorkers({ rounds, ...size, counts: [1, 2] })}\n`);
}
