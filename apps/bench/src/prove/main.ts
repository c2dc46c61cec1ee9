/**
 * Proves what the system promises, and prints the figure: `npm run prove kills -- --n 100`.
 * It ends with 1 when something does not hold, and with 2 for words that mean nothing.
 */
import { writeFileSync } from "node:fs";
import { buildProgram } from "@llm-backend/testing";
import { UnknownName } from "../unknown-name.ts";
import { readProveOptions, type ProveOptions } from "./frame/command-line.ts";
import { isProven, renderOutcome, type Outcome } from "./frame/outcome.ts";
import { keepOutcome } from "./frame/reliability-page.ts";
import { runProof } from "./frame/run-proof.ts";
import { proofs } from "./proofs.ts";

async function prove({ proofs: wanted, n, isFull, json, seed }: ProveOptions): Promise<void> {
  await buildProgram();
  const outcomes: Outcome[] = [];
  for (const proof of wanted) {
    process.stdout.write(`## ${proof.name}\n\n${proof.promise}\n\n`);
    const size = n ?? (isFull ? proof.many : proof.few);
    const outcome = await runProof(proof, { n: size, seed, output: process.stderr });
    outcomes.push(outcome);
    process.stdout.write(`${renderOutcome(outcome)}\n\n`);
    if (isFull) keepOutcome(outcome);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(outcomes, null, 2)}\n`);
  }
  if (!outcomes.every(isProven)) process.exitCode = 1;
}

try {
  await prove(readProveOptions(process.argv.slice(2), proofs));
} catch (error) {
  if (!(error instanceof UnknownName)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
