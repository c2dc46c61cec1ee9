import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { toSummaryLines } from "./summary.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

function runFixtures(...args: string[]): { status: number | null; lines: string[] } {
  const vitest = [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--config",
    "tools/vitest/fixtures/vitest.config.ts",
  ];
  const { TEST_SUMMARY_FILE: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, [...vitest, ...args], { cwd: root, env });
  return { status, lines: stdout.toString().trimEnd().split("\n") };
}

describe("a run of tests", () => {
  it("counts failures, stray output, lost rejections and files that do not load; lists what was skipped and why", () => {
    const { status, lines } = runFixtures("broken", "outcomes");
    expect(status).toBe(1);
    expect(lines.slice(-8)).toEqual([
      "2 skipped: no server",
      "  tools/vitest/fixtures/outcomes.fixture.ts > a suite > is skipped for its suite's reason",
      "  tools/vitest/fixtures/outcomes.fixture.ts > a suite > is skipped, too",
      "1 skipped: no browser",
      "  tools/vitest/fixtures/outcomes.fixture.ts > skips itself",
      "1 skipped: no reason given",
      "  tools/vitest/fixtures/outcomes.fixture.ts > says nothing",
      "3 passed, 4 failed",
    ]);
  });

  it("does not list what a name pattern leaves out", () => {
    const { status, lines } = runFixtures("outcomes", "-t", "^passes with");
    expect(status).toBe(0);
    expect(lines.slice(-1)).toEqual(["1 passed, 0 failed"]);
  });

  it("is given up when a file never yields, and keeps the counts of those that ended", () => {
    const { status, lines } = runFixtures("stuck", "outcomes", "--maxWorkers=2");
    expect(status).toBe(1);
    expect(lines).toContain("tools/vitest/fixtures/stuck.fixture.ts does not end: the run is given up.");
    expect(lines.at(-1)).toBe("3 passed, 3 failed");
  });
});

describe("the closing lines", () => {
  it("are one line where nothing was skipped", () => {
    expect(toSummaryLines({ passed: 3, failed: 0, skipped: [] })).toEqual(["3 passed, 0 failed"]);
  });
});
