import type { Exception } from "./exceptions.ts";
import { rules } from "./rules.ts";
import type { Violation } from "./violation.ts";
import type { Workspace } from "./workspace.ts";

/** Applies all rules, leaves out what is excepted, and reports exceptions that excuse nothing. */
export function checkLayout(workspace: Workspace, exceptions: readonly Exception[]): Violation[] {
  const found = rules.flatMap(({ name, find }) =>
    [...find(workspace)].map((finding) => ({ rule: name, ...finding })),
  );
  const unused = exceptions.filter((exception) => !found.some((violation) => excuses(exception, violation)));
  return [
    ...found.filter((violation) => !exceptions.some((exception) => excuses(exception, violation))),
    ...unused.map(({ rule, path }) => ({
      rule: "unused-exception",
      path,
      line: 1,
      message: `Nothing here breaks ${rule}: take the exception out.`,
    })),
  ].toSorted((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
}

function excuses(exception: Exception, violation: Violation): boolean {
  return exception.rule === violation.rule && exception.path === violation.path;
}
