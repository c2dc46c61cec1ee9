import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";
import { toSummaryLines, type Summary } from "./summary.ts";

/** The options of a {@link SummaryReporter}. */
export type SummaryReporterOptions = {
  /** Where to write the counts as JSON; without it they are printed as the last lines. */
  readonly file?: string | undefined;
  /**
   * How long one file may run before the whole run is given up.
   *
   * @default 300000
   */
  readonly moduleMsMax?: number;
};

/** Counts the tests of a run, and ends a run that would never end. */
export class SummaryReporter implements Reporter {
  readonly #file: string | undefined;
  readonly #moduleMsMax: number;
  readonly #clocks = new Map<string, NodeJS.Timeout>();
  readonly #ended: TestModule[] = [];
  #hasNamePattern = false;

  constructor({ file, moduleMsMax = 300_000 }: SummaryReporterOptions = {}) {
    this.#file = file;
    this.#moduleMsMax = moduleMsMax;
  }

  onInit(vitest: Vitest): void {
    this.#hasNamePattern = vitest.config.testNamePattern !== undefined;
  }

  onTestModuleQueued({ moduleId }: TestModule): void {
    // A loop that never yields is out of reach of the time limits of its own process.
    const giveUp = () => this.#giveUp(moduleId);
    this.#clocks.set(moduleId, setTimeout(giveUp, this.#moduleMsMax).unref());
  }

  onTestModuleEnd(module: TestModule): void {
    clearTimeout(this.#clocks.get(module.moduleId));
    this.#ended.push(module);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    this.#report(summarize(modules, unhandled.length));
  }

  #giveUp(moduleId: string): void {
    process.stdout.write(`\n${toPath(moduleId)} does not end: the run is given up.\n\n`);
    const summary = summarize(this.#ended, 1);
    this.#report(summary);
    // Vitest kills its workers when it ends.
    process.exit(1);
  }

  #report(summary: Summary): void {
    // Under a name pattern vitest marks as skipped what it was not asked to run.
    const skipped = this.#hasNamePattern
      ? summary.skipped.filter(({ reason }) => reason !== undefined)
      : summary.skipped;
    const text = { ...summary, skipped };
    if (this.#file !== undefined) writeFileSync(this.#file, JSON.stringify(text));
    // On exit, because vitest prints its own closing lines after its reporters have been told.
    else process.once("exit", () => process.stdout.write(`${toSummaryLines(text).join("\n")}\n`));
  }
}

function summarize(modules: readonly TestModule[], otherFailures: number): Summary {
  const summary: Summary = { passed: 0, failed: otherFailures, skipped: [] };
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
  return `${toPath(test.module.moduleId)} > ${test.fullName}`;
}

function toPath(moduleId: string): string {
  return relative(process.cwd(), moduleId);
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
