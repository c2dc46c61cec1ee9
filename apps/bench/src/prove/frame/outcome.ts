import { renderTable } from "../../render-table.ts";
import type { Figure } from "./proof.ts";
import { renderProvenance, type Provenance } from "./provenance.ts";

/** What one run of one proof found. */
export type Outcome = Provenance & {
  readonly name: string;
  readonly n: number;
  readonly unit: string;
  /** With it, the same run can be made again. */
  readonly seed: number;
  readonly seconds: number;
  readonly figures: readonly Figure[];
};

/** Tells whether everything holds that was asked for. */
export const isProven = ({ figures }: Outcome): boolean =>
  figures.length > 0 && figures.every(({ holds }) => holds);

/** Renders an outcome as the terminal and the documentation show it. */
export function renderOutcome(outcome: Outcome): string {
  const { n, unit, seconds, seed } = outcome;
  const rows = outcome.figures.map(({ figure, measured, asked, holds }) => [
    figure,
    toCell(measured),
    asked,
    asked === "" ? "" : holdsText[`${holds}`],
  ]);
  const what = `${n.toLocaleString("en")} ${unit} in ${toTime(seconds)}, seed ${seed}`;
  return `${renderTable(["figure", "measured", "asked", "holds"], rows)}\n\n${what}; ${renderProvenance(outcome)}`;
}

const holdsText = { true: "yes", false: "NO" } as const;

/** A measured text must not end its cell. */
const toCell = (text: string) => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");

function toTime(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
