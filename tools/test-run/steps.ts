/** A check that counts as one test. */
export type Step = { readonly name: string; readonly args: readonly string[] };

/** What `npm test` does before the tests; `args` are arguments of node. The types come first, as the slowest. */
export const steps: readonly Step[] = [
  { name: "types", args: ["node_modules/typescript/bin/tsc", "-b"] },
  { name: "lint", args: ["node_modules/oxlint/bin/oxlint"] },
  { name: "format", args: ["node_modules/oxfmt/bin/oxfmt", "--check"] },
  { name: "layout", args: ["tools/check-layout/main.ts"] },
  { name: "generated", args: ["--conditions=@llm-backend/source", "tools/generate.ts", "--check"] },
];

/** What comes after them, since it is made of what the compiler has written: the program that some tests start. */
export const lastSteps: readonly Step[] = [{ name: "program", args: ["tools/program/main.ts"] }];
