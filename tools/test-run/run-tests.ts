import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Summary } from "../vitest/summary.ts";
import { runNode } from "./run-node.ts";

/** Runs vitest with further arguments, and counts. A run that breaks off without a count is one failure. */
export async function runTests(args: readonly string[]): Promise<Summary> {
  const folder = mkdtempSync(join(tmpdir(), "llm-backend-test-"));
  const file = join(folder, "summary.json");
  try {
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.workspace.ts", ...args];
    const { code } = await runNode(vitest, { output: "shown", env: { TEST_SUMMARY_FILE: file } });
    return toSummary(file, code);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function toSummary(file: string, code: number): Summary {
  const summary = readSummary(file);
  if (code === 0 || summary.failed > 0) return summary;
  console.log(`vitest ended with code ${code}, although no test failed.`);
  return { ...summary, failed: 1 };
}

function readSummary(file: string): Summary {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Summary;
  } catch {
    console.log("vitest ended without having counted its tests.");
    return { passed: 0, failed: 1, skipped: [] };
  }
}
