/** A change to the valid tree, and the violations that it has to bring: `rule path:line`. */
export type BrokenTree = {
  readonly name: string;
  readonly files: Readonly<Record<string, string | undefined>>;
  readonly violations: readonly string[];
};
