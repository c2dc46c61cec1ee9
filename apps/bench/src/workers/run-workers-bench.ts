import { measureWorkers } from "./measure-workers.ts";

/** Compares one process with two that serve together. */
export async function runWorkersBench(
  options: { readonly quick: boolean; readonly rounds?: string | undefined },
  print: (text: string) => void,
): Promise<void> {
  const { quick } = options;
  const rounds = Number(options.rounds ?? (quick ? 1 : 5));
  const size = quick ? { answers: 16, concurrency: 4 } : { answers: 256, concurrency: 32 };
  print(`\n${await measureWorkers({ rounds, ...size, counts: [1, 2] })}\n`);
}
