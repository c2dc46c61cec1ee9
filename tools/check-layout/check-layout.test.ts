import { describe, expect, it } from "vitest";
import { brokenContents } from "./cases/broken-contents.ts";
import { brokenImports } from "./cases/broken-imports.ts";
import { createValidWorkspace } from "./cases/valid-tree.ts";
import { checkLayout } from "./check-layout.ts";
import { rules } from "./rules.ts";

const brokenTrees = [...brokenImports, ...brokenContents];

function check(changes: Readonly<Record<string, string | undefined>>): string[] {
  const violations = checkLayout(createValidWorkspace(changes), []);
  return violations.map(({ rule, path, line }) => `${rule} ${path}:${line}`);
}

describe("a tree that keeps the rules", () => {
  it("has no violation", () => {
    expect(check({})).toEqual([]);
  });
});

describe("a tree that breaks one rule", () => {
  it.each(brokenTrees)("is told: $name", ({ files, violations }) => {
    expect(check(files)).toEqual(violations);
  });

  it("is there for every rule", () => {
    const broken = new Set(
      brokenTrees.flatMap(({ violations }) => violations.map((line) => line.split(" ")[0])),
    );
    expect(broken).toEqual(new Set(rules.map(({ name }) => name)));
  });
});

describe("exceptions", () => {
  const files = { "packages/gateway/src/utils.ts": "export const a = 1;\n" };
  const exception = { rule: "drawer-names", path: "packages/gateway/src/utils.ts", reason: "for the test" };

  it("excuse the rule they name at the path they name", () => {
    expect(checkLayout(createValidWorkspace(files), [exception])).toEqual([]);
  });

  it("excuse no other rule and no other path", () => {
    const others = [
      { ...exception, rule: "cycles" },
      { ...exception, path: "packages/gateway/src/words.ts" },
    ];
    const found = checkLayout(createValidWorkspace(files), others).map(({ rule }) => rule);
    expect(found.toSorted()).toEqual(["drawer-names", "unused-exception", "unused-exception"]);
  });

  it("are reported once they excuse nothing", () => {
    const [violation] = checkLayout(createValidWorkspace(), [exception]);
    expect(violation).toMatchObject({ rule: "unused-exception", path: exception.path });
  });
});
