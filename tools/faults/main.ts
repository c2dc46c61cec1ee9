import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFiles } from "../generated-files.ts";
import * as scorecard from "../generators/fault-scorecard.ts";
import { runNode, stopOnSignals } from "../test-run/run-node.ts";
import { isHandled, toResults, writeResults, type Report } from "./fault-results.ts";

// Usage: node tools/faults/main.ts: runs every fault in every size, and writes docs/faults.md.
stopOnSignals();
const folder = mkdtempSync(join(tmpdir(), "llm-backend-faults-"));
const output = join(folder, "report.json");
const reporting = ["--reporter=default", "--reporter=json", `--outputFile.json=${output}`];
const which = ["--project", "app-server", "test/faults/", "--mode", "full", "--testTimeout", "300000"];
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.workspace.ts"];
try {
  const { code } = await runNode([...vitest, ...which, ...reporting], { output: "shown" });
  const results = toResults(JSON.parse(readFileSync(output, "utf8")) as Report);
  writeResults(results);
  await writeFiles(new URL("../../", import.meta.url), [scorecard]);
  const handled = Object.values(results).filter(isHandled).length;
  const all = Object.keys(results).length;
  process.stdout.write(`${handled} of ${all} faults are handled: docs/faults.md\n`);
  process.exitCode = code === 0 && handled === all ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
