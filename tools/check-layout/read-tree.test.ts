import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readTree } from "./read-tree.ts";

const root = mkdtempSync(join(tmpdir(), "layout-"));
afterAll(() => rmSync(root, { recursive: true }));

function write(path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), `text of ${path}`);
}

it("reads what was written by hand, not what was installed, built or recorded", () => {
  const read = [
    "package.json",
    "apps/a/src/types/a.ts",
    "packages/b/README.md",
    "packages/client/src/c.ts",
    "tools/d.mjs",
  ];
  const leftOut = [
    "docs/index.md",
    "node_modules/x/index.js",
    "apps/a/node_modules/x/index.js",
    "apps/a/dist/main.js",
    "packages/b/test/fixtures/reply.ts",
    "packages/client/types/index.d.ts",
  ];
  for (const path of [...read, ...leftOut]) write(path);
  const tree = readTree(root);
  expect([...tree.keys()].toSorted()).toEqual(read.toSorted());
  expect(tree.get("apps/a/src/types/a.ts")).toBe("text of apps/a/src/types/a.ts");
});

it("keeps only the path of a file that holds no text of ours", () => {
  write("apps/a/logo.png");
  expect(readTree(root).get("apps/a/logo.png")).toBe("");
});
