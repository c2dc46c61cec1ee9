import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderOutcome, type Outcome } from "./outcome.ts";

/** The page that keeps the outcomes of full runs. */
export const reliabilityPage = fileURLToPath(new URL("../../../../../docs/reliability.md", import.meta.url));

const open = (name: string) => `<!-- prove ${name} -->`;
const close = (name: string) => `<!-- end of ${name} -->`;

/**
 * Puts an outcome between the marks of its proof, in place of the one before.
 *
 * @throws Error when the page has no marks for this proof.
 */
export function replaceOutcome(page: string, outcome: Outcome): string {
  const start = page.indexOf(open(outcome.name));
  const end = page.indexOf(close(outcome.name));
  if (start === -1 || end < start) {
    throw new Error(`docs/reliability.md lacks ${open(outcome.name)} … ${close(outcome.name)}.`);
  }
  const before = page.slice(0, start + open(outcome.name).length);
  return `${before}\n${renderOutcome(outcome)}\n${page.slice(end)}`;
}

/** Keeps the outcome of a full run. */
export function keepOutcome(outcome: Outcome, file = reliabilityPage): void {
  writeFileSync(file, replaceOutcome(readFileSync(file, "utf8"), outcome));
}
