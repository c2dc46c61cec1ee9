import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";
import { toSummaryLines, type Summary } from "./summary.ts";

/** Counts the tests of a run. Writes the counts to a file where one is named, else prints them as the last lines. */
export class SummaryReporter implements Reporter {
  readonly #file: string | undefined;
  #namePattern = false;

  constructor(file?: string) {
    this.#file = file;
  }

  onInit(vitest: Vitest): void {
    this.#namePattern = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const summary = summarize(modules, unhandled.length);
    // Under a name pattern vitest marks as skipped what it was not asked to run.
    if (this.#namePattern) summary.skipped = summary.skipped.filter(({ reason }) => reason !== undefined);
    if (this.#file !== undefined) writeFileSync(this.#file, JSON.stringify(summary));
    // On exit, because vitest prints its own closing lines after its reporters have been told.
    else process.once("exit", () => process.stdout.write(`${toSummaryLines(summary).join("\n")}\n`));
  }
}

function summarize(modules: readonly TestModule[], unhandledErrors: number): Summary {
  const summary: Summary = { passed: 0, failed: unhandledErrors, skipped: [] };
  for (const module of modules) {
    const failedBefore = summary.failed;
    for (const test of module.children.allTests()) count(test, summary);
    // A file that failed to load, or in a hook of its own, has no failed test that stands for it.
    if (module.state() === "failed" && summary.failed === failedBefore) summary.failed++;
  }
  return summary;
}

function count(test: TestCase, summary: Summary): void {
  const result = test.result();
  if (result.state === "passed") summary.passed++;
  else if (result.state === "failed") summary.failed++;
  else summary.skipped.push({ name: toName(test), reason: findReason(test) });
}

function toName(test: TestCase): string {
  return `${relative(process.cwd(), test.module.moduleId)} > ${test.fullName}`;
}

/** The note of `context.skip(note)`, else the `skipReason` of the test or of the nearest suite around it. */
function findReason(test: TestCase): string | undefined {
  const result = test.result();
  if (result.state === "skipped" && result.note !== undefined) return result.note;
  let task: TestCase | TestCase["parent"] = test;
  while (task.type !== "module") {
    const { skipReason } = task.meta();
    if (skipReason !== undefined) return skipReason;
    task = task.parent;
  }
  return task.meta().skipReason;
}
