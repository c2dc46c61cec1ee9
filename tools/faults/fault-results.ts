import { readFileSync, writeFileSync } from "node:fs";
import { faults, type Fault } from "./fault-catalogue.ts";

/** How the tests of one fault ended in the last run of all of them. */
export type FaultResult = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** Results by the fault's id. */
export type FaultResults = Readonly<Record<string, FaultResult>>;

const file = new URL("fault-results.json", import.meta.url);
const none: FaultResult = { passed: 0, failed: 0, skipped: 0 };

/** One test of a run, in the words of vitest's JSON reporter. */
export type ReportedTest = {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
};

/** A report of vitest's JSON reporter, as far as it matters here. */
export type Report = {
  readonly testResults: readonly { readonly assertionResults: readonly ReportedTest[] }[];
};

/** The ids that a title begins with: `U15, U16: …`. */
export function readIds(title: string): string[] {
  return (/^[UCP]\d\d(?:, [UCP]\d\d)*(?=:)/.exec(title)?.[0] ?? "").match(/[UCP]\d\d/g) ?? [];
}

/** Counts the tests of a report by the faults that their titles name. */
export function toResults(report: Report): FaultResults {
  const results = Object.fromEntries(faults.map(({ id }) => [id, { ...none }]));
  for (const { title, ancestorTitles, status } of report.testResults.flatMap((one) => one.assertionResults)) {
    const named = [title, ...ancestorTitles.toReversed()].map(readIds).find((ids) => ids.length > 0);
    for (const id of named ?? []) {
      const result = results[id];
      if (result === undefined)
        throw new Error(`“${title}” names ${id}, which is no fault of the catalogue.`);
      if (status === "passed") result.passed++;
      else if (status === "failed") result.failed++;
      else result.skipped++;
    }
  }
  return results;
}

/** A fault that is handled: it waits for nothing, every test of it that could run has passed, and there was one. */
export function isHandled({ id, waits }: Pick<Fault, "id" | "waits">, results: FaultResults): boolean {
  const { passed, failed } = results[id] ?? none;
  return waits === undefined && passed > 0 && failed === 0;
}

/** The results of a run of some of the tests: faults that it did not touch keep what they had. */
export function mergeResults(earlier: FaultResults, run: FaultResults): FaultResults {
  const hasRun = ({ passed, failed, skipped }: FaultResult) => passed + failed + skipped > 0;
  return Object.fromEntries(
    Object.entries(run).map(([id, result]) => [id, hasRun(result) ? result : (earlier[id] ?? none)]),
  );
}

/** Reads the results of the last run; faults that it did not know have none. */
export function readResults(): FaultResults {
  const read = JSON.parse(readFileSync(file, "utf8")) as FaultResults;
  return Object.fromEntries(faults.map(({ id }) => [id, read[id] ?? none]));
}

/** Keeps the results of a run. */
export function writeResults(results: FaultResults): void {
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
}
