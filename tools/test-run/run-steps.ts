import { runNode } from "./run-node.ts";
import type { Step } from "./steps.ts";

/**
 * Runs the steps, all of them even if one fails, and prints each as a whole when it has ended.
 *
 * @returns How many failed.
 */
export async function runSteps(steps: readonly Step[]): Promise<number> {
  const queue = [...steps];
  let failed = 0;
  const work = async () => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      if (!(await runStep(step))) failed++;
    }
  };
  // Two at a time, for two cores. No test runs beside them: tests keep time.
  await Promise.all([work(), work()]);
  return failed;
}

async function runStep({ name, args }: Step): Promise<boolean> {
  const startedAt = performance.now();
  const { code, output } = await runNode(args, { output: "kept" });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const passed = code === 0;
  console.log(`${passed ? "passed" : "FAILED"}  ${name} (${seconds} s)`);
  if (!passed) console.log(`${output.trimEnd()}\n`);
  return passed;
}
