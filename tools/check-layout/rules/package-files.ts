import type { Finding, Rule } from "../rule.ts";
import type { Package, Workspace } from "../workspace.ts";

const readmeLinesBelow = 30;

/** Every package says in a short README what it is, and has its configuration of tests; one that is imported has an index. */
export const packageFiles: Rule = {
  name: "package-files",
  *find(workspace) {
    for (const member of workspace.packages) {
      yield* checkReadme(workspace, member);
      for (const file of filesOf(member)) {
        if (workspace.tree.has(`${member.folder}/${file}`)) continue;
        yield { path: `${member.folder}/package.json`, line: 1, message: `${member.folder} has no ${file}.` };
      }
    }
  },
};

function filesOf({ folder, manifest }: Package): string[] {
  const tests = folder.startsWith("packages/") || folder === "apps/server" ? ["vitest.config.ts"] : [];
  return manifest.exports === undefined ? tests : ["src/index.ts", ...tests];
}

function* checkReadme({ tree }: Workspace, { folder }: Package): Iterable<Finding> {
  const path = `${folder}/README.md`;
  const text = tree.get(path);
  if (text === undefined) {
    const message = `${folder} has no README.md: what it is, what it may import, its main exports.`;
    yield { path: `${folder}/package.json`, line: 1, message };
    return;
  }
  const lines = text.trimEnd().split("\n").length;
  if (lines < readmeLinesBelow) return;
  yield {
    path,
    line: readmeLinesBelow,
    message: `A README has fewer than ${readmeLinesBelow} lines, not ${lines}.`,
  };
}
