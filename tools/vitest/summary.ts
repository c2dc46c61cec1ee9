/** A test that did not run, and why. */
export type SkippedTest = { readonly name: string; readonly reason: string | undefined };

/** The outcome of a run. */
export type Summary = { passed: number; failed: number; skipped: SkippedTest[] };

/** The closing lines of a run: what was skipped, one line a reason, then the one line that counts. */
export function toSummaryLines(summary: Summary): string[] {
  const namesByReason = Map.groupBy(summary.skipped, ({ reason }) => reason ?? "no reason given");
  const lines = [...namesByReason].flatMap(([reason, tests]) => [
    `${tests.length} skipped: ${reason}`,
    ...tests.map(({ name }) => `  ${name}`),
  ]);
  return [...lines, `${summary.passed} passed, ${summary.failed} failed`];
}
