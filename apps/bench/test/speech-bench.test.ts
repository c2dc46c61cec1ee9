import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceEnvironment } from "@llm-backend/testing";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

test("measures how soon, how fast and how evenly answers are spoken", { timeout: 120_000 }, async () => {
  const args = ["--conditions=@llm-backend/source", main, "speech", "--quick", "--rounds", "1"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, ...sourceEnvironment },
  });
  expect(stdout.match(/^\| (warm|cold): .*\d/gm)).toHaveLength(4);
  expect(stdout).toContain("real-time factor");
  expect(stdout.match(/^\| 2 +\|.*\d/gm)).toHaveLength(1);
  expect(stdout).not.toContain("NaN");
});
