import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkFiles, loadGenerators, writeFiles } from "./generated-files.ts";

let folder: string;
let root: URL;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "generated-"));
  root = pathToFileURL(`${folder}/`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const generator = { path: "docs/api/answer.json", generate: () => Promise.resolve('{"answer":\n42}') };

it("reports a missing file, writes it in the project's format, and is content with it", async () => {
  expect(await checkFiles(root, [generator])).toEqual([generator.path]);
  expect(await writeFiles(root, [generator])).toEqual([generator.path]);
  expect(readFileSync(join(folder, generator.path), "utf8")).toBe('{ "answer": 42 }\n');
  expect(await checkFiles(root, [generator])).toEqual([]);
  expect(await writeFiles(root, [generator])).toEqual([]);
});

it("reports a file that was edited by hand", async () => {
  await writeFiles(root, [generator]);
  writeFileSync(join(folder, generator.path), '{ "answer": 43 }\n');
  expect(await checkFiles(root, [generator])).toEqual([generator.path]);
});

it("loads the modules of a folder, without their tests", async () => {
  writeFileSync(join(folder, "a.ts"), 'export const path = "a"; export const generate = async () => "";');
  writeFileSync(join(folder, "a.test.ts"), "");
  const generators = await loadGenerators(root);
  expect(generators.map(({ path }) => path)).toEqual(["a"]);
});

it("refuses a module that is no generator", async () => {
  writeFileSync(join(folder, "a.ts"), 'export const path = "a";');
  await expect(loadGenerators(root)).rejects.toThrow("a.ts has to export");
});

it("refuses two generators of one file", async () => {
  for (const name of ["a.ts", "b.ts"]) {
    writeFileSync(join(folder, name), 'export const path = "c"; export const generate = async () => "";');
  }
  await expect(loadGenerators(root)).rejects.toThrow("Two generators make c");
});
