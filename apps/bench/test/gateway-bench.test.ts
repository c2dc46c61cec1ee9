import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceEnvironment } from "@llm-backend/testing";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["--conditions=@llm-backend/source", main, ...args], {
    env: { ...process.env, ...sourceEnvironment },
  });

test("measures every scenario, and every answer is whole", { timeout: 120_000 }, async () => {
  const { stdout } = await run("gateway", "--quick", "--rivals", "raw");
  const [tables = "", goals] = stdout.split("## Goals");
  expect(tables.match(/^## .*$/gm)).toHaveLength(8);
  expect(goals).toContain("| streamed, tokens/s, raw node:http =");
  // What is not whole is told below its table, and what was not measured is a dash.
  expect(tables).not.toMatch(/^- /m);
  const rows = tables.split("\n").filter((line) => /^\| (raw|ours|\/api|tRPC|direct|\d)/.test(line));
  expect(rows).toHaveLength(18);
  expect(rows.filter((row) => /[–∞]/.test(row))).toEqual([]);
});

test("names what there is when something else is asked for", async () => {
  await expect(run("gateway", "--quick", "--only", "burst,bursts")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("There are: burst, requests, chat") as string,
  });
});
