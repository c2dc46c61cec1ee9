import { toSummaryLines } from "../vitest/summary.ts";
import { stopOnSignals } from "./run-node.ts";
import { runSteps } from "./run-steps.ts";
import { runTests } from "./run-tests.ts";
import { lastSteps, steps } from "./steps.ts";

// Usage: node tools/test-run/main.ts [arguments of vitest]; with any, only tests run.
stopOnSignals();
const args = process.argv.slice(2);
const wanted = args.length === 0 ? [steps, lastSteps] : [];
let failedSteps = 0;
for (const group of wanted) failedSteps += await runSteps(group);
const tests = await runTests(args);

const passed = tests.passed + wanted.flat().length - failedSteps;
const failed = tests.failed + failedSteps;
const lines = toSummaryLines({ passed, failed, skipped: tests.skipped });
process.exitCode = failed === 0 ? 0 : 1;
// The last line is what machines read: nothing may come after it.
process.stdout.write(`${lines.join("\n")}\n`);
