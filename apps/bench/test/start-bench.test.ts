import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceEnvironment } from "@llm-backend/testing";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

test("measures what a start takes", { timeout: 120_000 }, async () => {
  const args = ["--conditions=@llm-backend/source", main, "start", "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, ...sourceEnvironment },
  });
  expect(stdout.match(/^\| (a file for each module|the program +) \|( +[1-9]\d* \|){3}$/gm)).toHaveLength(2);
});
