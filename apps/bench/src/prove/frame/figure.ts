import type { Figure } from "./proof.ts";

/** Something that must never happen: how often it did, or its cases, of which the first are told. */
export function never(figure: string, found: readonly string[] | number): Figure {
  const [count, cases] = typeof found === "number" ? [found, []] : [found.length, found];
  const first = cases.length === 0 ? "" : `: ${cases.slice(0, 3).join("; ")}`;
  return { figure, measured: `${toCount(count)}${first}`, asked: "0", holds: count === 0 };
}

/** Something that must always hold, out of so many times; none at all is no proof. */
export function always(figure: string, count: { readonly good: number; readonly all: number }): Figure {
  const { good, all } = count;
  const percent = all === 0 ? "–" : `${good === all ? "100" : ((good / all) * 100).toFixed(3)} %`;
  return {
    figure,
    measured: `${percent} of ${toCount(all)}`,
    asked: "100 %",
    holds: all > 0 && good === all,
  };
}

/** A measured value with its bound. */
export function atMost(
  figure: string,
  value: number,
  bound: { readonly max: number; readonly unit: string },
): Figure {
  const { max, unit } = bound;
  const digits = value < 10 ? 1 : 0;
  return {
    figure,
    measured: `${value.toFixed(digits)} ${unit}`,
    asked: `≤ ${toCount(max)} ${unit}`,
    holds: value <= max,
  };
}

/** A count that has to be reached. */
export function atLeast(figure: string, value: number, min: number): Figure {
  return { figure, measured: toCount(value), asked: `≥ ${toCount(min)}`, holds: value >= min };
}

/** What is told beside the figures that are asked for. */
export function told(figure: string, measured: number | string): Figure {
  const text = typeof measured === "number" ? toCount(measured) : measured;
  return { figure, measured: text, asked: "", holds: true };
}

const toCount = (value: number) => value.toLocaleString("en");
