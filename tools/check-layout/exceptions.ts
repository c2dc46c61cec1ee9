/** A place that may break one rule. */
export type Exception = {
  readonly rule: string;
  readonly path: string;
  /** Why no better way was found. */
  readonly reason: string;
};

/** All exceptions from the rules of the layout. One that excuses nothing any more is reported. */
export const exceptions: readonly Exception[] = [
  {
    rule: "package-files",
    path: "packages/client/README.md",
    reason: "it is the documentation of a published package, not a note for those who work on it",
  },
  {
    rule: "sql-in-storage",
    path: "apps/bench/src/knowledge/plain-bm25.ts",
    reason: "it is FTS5 as it comes, beside which our search is measured",
  },
  {
    rule: "sql-in-storage",
    path: "apps/bench/src/knowledge/vectors/run-vectors-bench.ts",
    reason: "it measures another way to search, as it comes, before one is chosen",
  },
  {
    rule: "sql-in-storage",
    path: "apps/bench/src/knowledge/vectors/vector-methods.ts",
    reason: "it measures another way to search, as it comes, before one is chosen",
  },
];
