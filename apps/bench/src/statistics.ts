/** The middle of some figures. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The figure that `percent` of the others do not exceed (nearest rank). */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}
