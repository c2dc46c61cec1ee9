import { tmpdir } from "node:os";
import { measureAcknowledge } from "./measure-acknowledge.ts";

/** Compares both ways to bring what is acknowledged to the disk. */
export async function runAcknowledgeBench(
  options: {
    readonly quick: boolean;
    readonly rounds?: string | undefined;
    readonly disk?: string | undefined;
  },
  print: (text: string) => void,
): Promise<void> {
  const { quick, disk = tmpdir() } = options;
  const rounds = Number(options.rounds ?? (quick ? 1 : 7));
  const size = quick
    ? { transactions: 50, concurrencies: [1, 8] }
    : { transactions: 2000, concurrencies: [1, 8, 64] };
  print(`\n${await measureAcknowledge({ rounds, disk, ...size })}\n`);
}
