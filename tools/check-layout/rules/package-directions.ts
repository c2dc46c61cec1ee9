import type { Rule } from "../rule.ts";
import { findPackage, scope, splitSpecifier } from "../workspace.ts";

/** What the sources of a package may import; a pattern narrows it to some of its files. */
type Allowed = Readonly<Record<string, "any" | "types" | RegExp>>;

const compose = /^apps\/server\/src\/compose([^/]*\.ts$|\/)/;
const composeOrCli = /^apps\/server\/src\/(compose[^/]*\.ts$|(compose|cli)\/)/;

/** The diagram of docs/architecture.md as a table. Tests may import what their package.json declares. */
const directions: Readonly<Record<string, Allowed>> = {
  "packages/contract": {},
  "packages/stream": {},
  "packages/storage": { contract: "any" },
  "packages/gateway": { contract: "any", stream: "any" },
  "packages/knowledge": { contract: "any", storage: "any" },
  "packages/server": { contract: "any", stream: "any", storage: "any", gateway: "any", knowledge: "any" },
  "packages/rest": { contract: "any", stream: "any", server: "any" },
  "packages/client": { contract: "any", stream: "any", server: "types" },
  "packages/testing": { contract: "any", "app-server": "any" },
  "apps/server": {
    contract: "any",
    server: "any",
    rest: "any",
    storage: composeOrCli,
    gateway: compose,
    knowledge: compose,
    stream: compose,
  },
  "apps/web": { contract: "any", client: "any" },
  "apps/bench": { client: "any", testing: "any", knowledge: "any" },
};

/** Packages import each other in the directions of the diagram only. */
export const packageDirections: Rule = {
  name: "package-directions",
  *find(workspace) {
    for (const { path, kind, imports } of workspace.sources) {
      const folder = findPackage(workspace, path)?.folder;
      if (kind !== "source" || folder === undefined) continue;
      for (const { specifier, typeOnly, line } of imports) {
        if (!specifier.startsWith(scope)) continue;
        const target = splitSpecifier(specifier).name.slice(scope.length);
        const allowed = directions[folder]?.[target];
        const reason = refuse(allowed, { path, typeOnly });
        if (reason !== undefined)
          yield { path, line, message: `${folder} must not import ${target}${reason}.` };
      }
    }
  },
};

/** Every package has a row in the table above, so that a new one is not free to import anything. */
export const packageHasDirections: Rule = {
  name: "package-has-directions",
  *find({ packages }) {
    for (const { folder } of packages) {
      if (folder in directions) continue;
      const message = `${folder} has no row in tools/check-layout/rules/package-directions.ts.`;
      yield { path: `${folder}/package.json`, line: 1, message };
    }
  },
};

function refuse(
  allowed: Allowed[string] | undefined,
  { path, typeOnly }: { path: string; typeOnly: boolean },
): string | undefined {
  if (allowed === undefined) return "";
  if (allowed === "types") return typeOnly ? undefined : " but as types";
  if (allowed === "any") return undefined;
  return allowed.test(path) ? undefined : " here: only the files that compose the process may";
}
