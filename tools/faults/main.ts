import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFiles } from "../generated-files.ts";
import * as scorecard from "../generators/fault-scorecard.ts";
import { runNode, stopOnSignals } from "../test-run/run-node.ts";
import { faults } from "./fault-catalogue.ts";
import {
  isHandled,
  mergeResults,
  readResults,
  toResults,
  writeResults,
  type Report,
} from "./fault-results.ts";

// Usage: node tools/faults/main.ts [beginning of file names …]: runs every fault in every size, or those in files of
// such names, and writes docs/faults.md. With all of them go the other tests that have a full size.
stopOnSignals();
const folder = mkdtempSync(join(tmpdir(), "llm-backend-faults-"));
const output = join(folder, "report.json");
const reporting = ["--reporter=default", "--reporter=json", `--outputFile.json=${output}`];
const names = process.argv.slice(2);
const sized = ["test/crash/kill", "test/sqlite-migrations"];
const files = names.length === 0 ? ["test/faults/", ...sized] : names.map((name) => `test/faults/${name}`);
const projects = ["--project", "app-server", "--project", "storage"];
const which = [...projects, ...files, "--mode", "full", "--testTimeout", "300000"];
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.workspace.ts"];
try {
  const { code } = await runNode([...vitest, ...which, ...reporting], { output: "shown" });
  const run = toResults(JSON.parse(readFileSync(output, "utf8")) as Report);
  const results = names.length === 0 ? run : mergeResults(readResults(), run);
  writeResults(results);
  await writeFiles(new URL("../../", import.meta.url), [scorecard]);
  const waiting = faults.filter(({ waits }) => waits !== undefined).length;
  const handled = faults.filter((fault) => isHandled(fault, results)).length;
  process.stdout.write(
    `${handled} of ${faults.length} faults are handled, ${waiting} wait: docs/faults.md\n`,
  );
  process.exitCode = code === 0 && handled + waiting === faults.length ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
