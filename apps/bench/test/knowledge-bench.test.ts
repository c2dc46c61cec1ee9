import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { sourceEnvironment } from "@llm-backend/testing";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

test("measures how good and how fast the search is", { timeout: 120_000 }, async () => {
  const args = ["--conditions=@llm-backend/source", main, "knowledge", "--quick"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, ...sourceEnvironment },
  });
  const recall = new Map(
    stdout
      .matchAll(/^\| (plain|lexical|vector|hybrid)[^|]*\| ([\d.]+) /gm)
      .map(([, name, value]) => [name, Number(value)]),
  );
  expect([...recall.keys()]).toEqual(["plain", "lexical", "vector", "hybrid"]);
  // What words find is not lost by joining it with what vectors find.
  expect(recall.get("hybrid")).toBeGreaterThan(0.5);
  expect(stdout).toContain("| search, hybrid |");
  expect(stdout).not.toContain("NaN");
});
