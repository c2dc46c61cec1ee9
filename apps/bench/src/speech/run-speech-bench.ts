import { measureFirstSound } from "./measure-first-sound.ts";
import { measurePacing, measureRealTime } from "./measure-speakers.ts";

/** Measures answers in speech by the built-in synthesiser. */
export async function runSpeechBench(
  options: { readonly quick: boolean; readonly rounds?: string | undefined },
  print: (text: string) => void,
): Promise<void> {
  const { quick } = options;
  const rounds = Number(options.rounds ?? (quick ? 3 : 40));
  print(`\n${await measureFirstSound(rounds, quick ? 1 : 7)}\n`);
  print(`\n${await measureRealTime(quick ? 2 : 20)}\n`);
  print(`\n${await measurePacing(quick ? [2] : [1, 20], quick ? 1 : 4)}\n`);
}
