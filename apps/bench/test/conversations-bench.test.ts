import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { steps } from "../src/conversations/steps.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

test("measures every step on little data and on much", { timeout: 60_000 }, async () => {
  const args = ["--conditions=@llm-backend/source", main, "conversations", "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  for (const { name } of steps) expect(stdout).toContain(`| ${name}`);
  expect(stdout).not.toContain("NaN");
});
