import { dirname, join } from "node:path/posix";
import type { Rule } from "../rule.ts";
import { findPackage, isRelative, scope, splitSpecifier, type Workspace } from "../workspace.ts";

/** Nobody reaches into another package: it is imported by its name, or by a path that it exports. */
export const deepImports: Rule = {
  name: "deep-imports",
  *find(workspace) {
    for (const { path, kind, imports } of workspace.sources) {
      const folder = findPackage(workspace, path)?.folder;
      if (folder === undefined || kind === "config") continue;
      for (const { specifier, line } of imports) {
        const message = isRelative(specifier)
          ? explainRelative(`${folder}/`, join(dirname(path), specifier))
          : explainSubpath(workspace, specifier);
        if (message !== undefined) yield { path, line, message };
      }
    }
  },
};

function explainRelative(folder: string, target: string): string | undefined {
  if (target.startsWith(folder)) return undefined;
  return `${target} lies outside of ${folder}: import a package by its name.`;
}

function explainSubpath({ packages }: Workspace, specifier: string): string | undefined {
  if (!specifier.startsWith(scope)) return undefined;
  const { name, subpath } = splitSpecifier(specifier);
  const target = packages.find(({ manifest }) => manifest.name === name);
  if (target === undefined) return `${name} is no package of this workspace.`;
  const exported = subpath === "" ? "." : `./${subpath}`;
  if (exported in (target.manifest.exports ?? {})) return undefined;
  return `${name} does not export ${exported}.`;
}
