import type { Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";

const home = "apps/server/src/env.ts";

/** The environment is read in one file; everything else receives its configuration. */
export const environment: Rule = {
  name: "environment",
  *find({ sources }) {
    for (const file of sources) {
      if (
        file.kind !== "source" ||
        file.path === home ||
        !/\bprocess\b[\s\S]*\benv\b|\benv\b[\s\S]*\bprocess\b/.test(file.text)
      )
        continue;
      yield* findReads(file);
    }
  },
};

function findReads({ path, visit, lineAt }: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const add = (start: number) => {
    findings.push({ path, line: lineAt(start), message: `The environment is read in ${home} only.` });
  };
  visit({
    MemberExpression(node) {
      const owner = node.object;
      const ownerName = owner.type === "MemberExpression" ? toName(owner.property) : toName(owner);
      if (ownerName === "process" && toName(node.property) === "env") add(node.start);
    },
    VariableDeclarator({ id, init, start }) {
      if (id.type !== "ObjectPattern" || toName(init) !== "process") return;
      if (id.properties.some((entry) => entry.type === "Property" && toName(entry.key) === "env")) add(start);
    },
    ImportDeclaration({ source, specifiers, start }) {
      if (!/^(node:)?process$/.test(source.value)) return;
      const names = specifiers.map((entry) =>
        entry.type === "ImportSpecifier" ? toName(entry.imported) : "",
      );
      if (names.includes("env")) add(start);
    },
  });
  return findings;
}

/** The name in `x`, `a.x` and `a["x"]`. */
function toName(node: { readonly type: string } | null): string | undefined {
  if (node === null) return undefined;
  if ("name" in node && typeof node.name === "string") return node.name;
  return "value" in node && typeof node.value === "string" ? node.value : undefined;
}
