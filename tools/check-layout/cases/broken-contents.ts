import type { BrokenTree } from "./broken-tree.ts";

const withoutRow = JSON.stringify({ name: "@llm-backend/new" });

/** Trees that break a rule about names, files, or what stands in them. */
export const brokenContents: readonly BrokenTree[] = [
  {
    name: "a package that the diagram does not know",
    files: {
      "packages/new/package.json": withoutRow,
      "packages/new/README.md": "# New\n",
      "packages/new/vitest.config.ts": "export default {};\n",
    },
    violations: ["package-has-directions packages/new/package.json:1"],
  },
  {
    name: "a repository outside of storage, a router outside of server",
    files: {
      "packages/gateway/src/key-repository.ts": "export const a = 1;\n",
      "packages/rest/src/api-router.ts": "export const a = 1;\n",
    },
    violations: [
      "layer-suffixes packages/gateway/src/key-repository.ts:1",
      "layer-suffixes packages/rest/src/api-router.ts:1",
    ],
  },
  {
    name: "SQL in a string and in a template outside of storage",
    files: {
      "packages/gateway/src/a.ts": 'export const a = "DELETE FROM user";\n',
      "packages/server/src/b.ts": "\nexport const b = (n: string) => `SELECT * FROM ${n}`;\n",
    },
    violations: ["sql-in-storage packages/gateway/src/a.ts:1", "sql-in-storage packages/server/src/b.ts:2"],
  },
  {
    name: "drawers: a file, a folder, a last word, any number and case",
    files: {
      "packages/gateway/src/utils.ts": "export const a = 1;\n",
      "packages/gateway/src/Common/a.ts": "export const a = 1;\n",
      "packages/gateway/src/test-helper.test.ts": "export const a = 1;\n",
      "tools/lib/a.mjs": "export const a = 1;\n",
      "packages/gateway/src/library/a.ts": "export const a = 1;\n",
    },
    violations: [
      "drawer-names packages/gateway/src/Common:1",
      "drawer-names packages/gateway/src/library:1",
      "drawer-names packages/gateway/src/test-helper.test.ts:1",
      "drawer-names packages/gateway/src/utils.ts:1",
      "drawer-names tools/lib:1",
    ],
  },
  {
    name: "a package without README, index and test configuration",
    files: {
      "packages/stream/README.md": undefined,
      "packages/stream/src/index.ts": undefined,
      "packages/stream/vitest.config.ts": undefined,
    },
    violations: Array(3).fill("package-files packages/stream/package.json:1"),
  },
  {
    name: "a README of thirty lines",
    files: {
      "packages/stream/README.md": "line\n".repeat(30),
      "packages/gateway/README.md": "line\n".repeat(29),
    },
    violations: ["package-files packages/stream/README.md:30"],
  },
  {
    name: "exports of everything, of types too",
    files: {
      "packages/gateway/src/index.ts": 'export * from "./words.ts";\nexport type * from "./words.ts";\n',
    },
    violations: [
      "named-exports packages/gateway/src/index.ts:1",
      "named-exports packages/gateway/src/index.ts:2",
    ],
  },
  {
    name: "the environment read in four ways",
    files: {
      "packages/gateway/src/a.ts": "export const a = process.env.HOME;\n",
      "packages/gateway/src/b.ts": 'export const b = globalThis.process["env"];\n',
      "packages/gateway/src/c.ts": "const { env } = process;\nexport { env };\n",
      "packages/gateway/src/d.ts": '\nimport { env } from "node:process";\nexport { env };\n',
    },
    violations: [
      "environment packages/gateway/src/a.ts:1",
      "environment packages/gateway/src/b.ts:1",
      "environment packages/gateway/src/c.ts:1",
      "environment packages/gateway/src/d.ts:2",
    ],
  },
  {
    name: "a version outside of the catalog, a package by its version, an entry that nothing uses",
    files: {
      "packages/stream/package.json": JSON.stringify({
        name: "@llm-backend/stream",
        exports: { ".": "./src/index.ts" },
        dependencies: { zod: "^4.0.0", "@llm-backend/contract": "0.1.0" },
      }),
      "pnpm-workspace.yaml":
        "catalog:\n  zod: 4.6.7\n  kysely: 0.29.9\n  '@trpc/server': 11.25.2\n  vitest: 5.1.1\n  pino: 10.4.0\n",
    },
    violations: [
      "catalog-versions packages/stream/package.json:1",
      "catalog-versions packages/stream/package.json:1",
      "catalog-versions pnpm-workspace.yaml:1",
    ],
  },
  {
    name: "work put off, and checks switched off",
    files: {
      "packages/gateway/src/a.ts": "// TODO later\nexport const a = 1;\n/* FIXME: now */\n",
      "packages/gateway/src/b.ts":
        "// @ts-nocheck\nexport const a = 1;\n// @ts-ignore\nexport const b = 2;\n",
      "packages/gateway/src/c.ts":
        "// oxlint-disable-next-line eqeqeq\nexport const a = 1;\n// oxlint-disable-next-line eqeqeq -- null too\n",
    },
    violations: [
      "forbidden-comments packages/gateway/src/a.ts:1",
      "forbidden-comments packages/gateway/src/a.ts:3",
      "forbidden-comments packages/gateway/src/b.ts:1",
      "forbidden-comments packages/gateway/src/b.ts:3",
      "forbidden-comments packages/gateway/src/c.ts:1",
    ],
  },
  {
    name: "tests that keep others from running, that are skipped without a word, or that mock our modules",
    files: {
      "packages/gateway/src/a.test.ts": [
        'it.only("a", () => {});',
        'describe.concurrent.only.each([1])("a", () => {});',
        'it("a", { only: true }, () => {});',
        'it.skip("a", () => {});',
        'it.skipIf(process.platform === "win32")("a", () => {});',
        'describe("a", { skip: true }, () => {});',
        'it.todo("a");',
        "const maybe = it.runIf(true);",
        'it("a", ({ skip }) => skip());',
        'it("a", (context) => context.skip(!maybe));',
        'vi.mock("./words.ts");',
        'vi.mock(import("@llm-backend/gateway"));',
      ].join("\n"),
    },
    violations: Array.from(
      { length: 12 },
      (_, index) => `test-modes packages/gateway/src/a.test.ts:${index + 1}`,
    ),
  },
  {
    name: "a function too long by itself, beside one that is long by what it holds",
    files: {
      "packages/gateway/src/long.ts": `export function long() {\n${"  long();\n".repeat(59)}}\n`,
      "packages/gateway/src/factory.ts": `export const make = () => {\n${toMethod("a")}${toMethod("b")}};\n`,
      "packages/gateway/src/quiet.ts": `export function quiet() {\n${"  // a word\n\n".repeat(80)}}\n`,
    },
    violations: ["function-length packages/gateway/src/long.ts:1"],
  },
];

function toMethod(name: string): string {
  return `  function ${name}() {\n${"    make();\n".repeat(50)}  }\n`;
}
