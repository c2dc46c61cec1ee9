import { renderTable } from "../render-table.ts";
import type { Series } from "./series.ts";

/** A column of figures. */
export type Column = {
  readonly head: string;
  readonly figure: string;
  readonly digits: number;
  /** A second column beside it: how many times the first contender's figure. */
  readonly hasRatio?: boolean;
};

/** What a scenario found. */
export type Report = {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly series: Series;
  /** What has to be known beside the figures: who is missing and why, answers that were not whole. */
  readonly notes: readonly string[];
};

/** Renders the table of a scenario, the contender that others are compared with first. */
export function renderReport({ title, columns, series, notes }: Report): string {
  const base = series.names[0] ?? "";
  const heads = columns.flatMap(({ head, hasRatio }) => (hasRatio === true ? [head, "ratio"] : [head]));
  const rows = series.names.map((name) => [
    name,
    ...columns.flatMap(({ figure, digits, hasRatio }) => {
      const value = toText(series.median(name, figure), digits);
      return hasRatio === true ? [value, toText(series.ratio(name, { name: base, figure }), 2)] : [value];
    }),
  ]);
  const remarks = [...new Set(notes)].map((note) => `\n- ${note}`).join("");
  return `## ${title}\n\n${renderTable(["contender", ...heads], rows)}\n${remarks}`;
}

/** A figure with that many digits behind the point; a dash for one that there is none of. */
export function toText(value: number, digits: number): string {
  if (Number.isNaN(value)) return "–";
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
