import type { Violation } from "./violation.ts";
import type { Workspace } from "./workspace.ts";

/** What a rule finds; the rule's name is added where the rules are run. */
export type Finding = Omit<Violation, "rule">;

/** One rule of the layout. */
export type Rule = {
  /** Kebab-case; names the rule in messages and in the table of exceptions. */
  readonly name: string;
  readonly find: (workspace: Workspace) => Iterable<Finding>;
};
