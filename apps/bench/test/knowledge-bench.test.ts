import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceEnvironment } from "@llm-backend/testing";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

async function bench(name: string): Promise<string> {
  const args = ["--conditions=@llm-backend/source", main, name, "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, ...sourceEnvironment },
  });
  expect(stdout).not.toContain("NaN");
  return stdout;
}

test("measures how good and how fast the search is", { timeout: 120_000 }, async () => {
  const stdout = await bench("knowledge");
  const recall = new Map(
    stdout
      .matchAll(/^\| (plain|lexical|vector|hybrid)[^|]*\| ([\d.]+) /gm)
      .map(([, name, value]) => [name, Number(value)]),
  );
  expect([...recall.keys()]).toEqual(["plain", "lexical", "vector", "hybrid"]);
  // What words find is not lost by joining it with what vectors find.
  expect(recall.get("hybrid")).toBeGreaterThan(0.5);
  expect(stdout).toContain("| search, hybrid |");
});

test("compares ways to find the closest vectors, and ours finds them all", { timeout: 60_000 }, async () => {
  const rows = (await bench("knowledge-vectors")).match(/^\| bytes in WebAssembly.*$/gm) ?? [];
  expect(rows.map((row) => row.split("|")[5]?.trim())).toEqual(["1.000", "1.000"]);
});
