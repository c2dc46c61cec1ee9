import { parse } from "yaml";
import { parseSourceFile, type SourceFile } from "./source-file.ts";

/** The scope of every package of the workspace. */
export const scope = "@llm-backend/";

/** The parts of a package.json that the rules read. */
export type Manifest = {
  readonly name: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
};

/** A package of the workspace. */
export type Package = {
  /** Relative to the root: `packages/server`. */
  readonly folder: string;
  readonly manifest: Manifest;
};

/** Everything that the rules look at. */
export type Workspace = {
  readonly root: Manifest;
  readonly packages: readonly Package[];
  /** All files by path, with their text; the rules for names and for READMEs read it. */
  readonly tree: ReadonlyMap<string, string>;
  readonly sources: readonly SourceFile[];
  readonly catalog: Readonly<Record<string, string>>;
};

/** Builds the workspace out of a tree of files. */
export function createWorkspace(tree: ReadonlyMap<string, string>): Workspace {
  const readManifest = (path: string) => JSON.parse(tree.get(path) ?? "{}") as Manifest;
  const folders = [...tree.keys()].flatMap(
    (path) => /^((?:packages|apps)\/[^/]+)\/package\.json$/.exec(path)?.[1] ?? [],
  );
  const settings = (parse(tree.get("pnpm-workspace.yaml") ?? "") ?? {}) as Partial<
    Pick<Workspace, "catalog">
  >;
  return {
    root: readManifest("package.json"),
    packages: folders.map((folder) => ({ folder, manifest: readManifest(`${folder}/package.json`) })),
    tree,
    sources: [...tree].flatMap(([path, text]) => (isSource(path) ? [parseSourceFile(path, text)] : [])),
    catalog: settings.catalog ?? {},
  };
}

function isSource(path: string): boolean {
  return /\.(c|m)?(t|j)sx?$/.test(path) && !path.endsWith(".d.ts");
}

/** The package that a file belongs to; none for tools and for files of the root. */
export function findPackage(workspace: Workspace, path: string): Package | undefined {
  return workspace.packages.find(({ folder }) => path.startsWith(`${folder}/`));
}

/** Splits what is imported into package and path inside it: `@scope/name/sub` is `@scope/name` and `sub`. */
export function splitSpecifier(specifier: string): { name: string; subpath: string } {
  const parts = specifier.split("/");
  const length = specifier.startsWith("@") ? 2 : 1;
  return { name: parts.slice(0, length).join("/"), subpath: parts.slice(length).join("/") };
}

/** Tells whether something is imported by its path rather than by a package's name. */
export function isRelative(specifier: string): boolean {
  return specifier.startsWith(".") || specifier.startsWith("/");
}
