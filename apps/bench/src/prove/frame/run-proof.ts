import type { Outcome } from "./outcome.ts";
import { createProgress, type ProgressOutput } from "./progress.ts";
import type { Figure, Proof } from "./proof.ts";
import { readProvenance } from "./provenance.ts";
import { createRandom } from "./random.ts";

/** How large, with which random numbers, and where to tell of it. */
export type ProofSetting = {
  readonly n: number;
  readonly seed: number;
  readonly output: ProgressOutput;
};

/** Runs one proof; one that cannot be carried out has an outcome too, which does not hold. */
export async function runProof(proof: Proof, { n, seed, output }: ProofSetting): Promise<Outcome> {
  const provenance = readProvenance(new Date());
  const startedAt = performance.now();
  const progress = createProgress(proof.name, { total: n, output, now: () => performance.now() });
  let figures: readonly Figure[];
  try {
    figures = await proof.run({
      n,
      random: createRandom(seed),
      progress: (done, what) => progress.show(done, what),
    });
  } catch (error) {
    const measured = error instanceof Error ? (error.stack ?? error.message) : String(error);
    figures = [{ figure: "carried out to its end", measured, asked: "yes", holds: false }];
  }
  progress.end();
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...provenance, name: proof.name, n, unit: proof.unit, seed, seconds, figures };
}
