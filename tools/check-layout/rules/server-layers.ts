import { dirname, join } from "node:path/posix";
import type { Finding, Rule } from "../rule.ts";
import type { Import, SourceFile } from "../source-file.ts";
import { isRelative, scope } from "../workspace.ts";

/** `part` is all that serves the services: registries, schemas, the context. */
type Layer = "transport" | "router" | "trpc" | "service" | "part";

const home = "packages/server/src/";

/** Inside packages/server: transport → router → service → repository | gateway | knowledge. */
export const serverLayers: Rule = {
  name: "server-layers",
  *find({ sources }) {
    for (const file of sources) {
      if (file.kind !== "source" || !file.path.startsWith(home) || file.path === `${home}index.ts`) continue;
      for (const entry of file.imports) yield* checkImport(file, entry);
    }
  },
};

function* checkImport({ path }: SourceFile, { specifier, line }: Import): Iterable<Finding> {
  const from = toLayer(path);
  const message = isRelative(specifier)
    ? explainUpward(from, toLayer(join(dirname(path), specifier)))
    : explainPackage(from, specifier);
  if (message !== undefined) yield { path, line, message };
}

/** The layer that a path names: by the file's suffix, or by the folder that took the router's place. */
function toLayer(path: string): Layer {
  const inside = path.slice(home.length).replace(/\.tsx?$/, "");
  if (/(^|\/)(mount-[^/]*|([^/]*-)?transport)(\/|$)/.test(inside)) return "transport";
  if (/(^|\/)([^/]*-)?router(\/|$)/.test(inside)) return "router";
  if (/(^|\/)(trpc|trpc-[^/]*|[^/]*-trpc)(\/|$)/.test(inside)) return "trpc";
  return inside.endsWith("-service") ? "service" : "part";
}

function explainUpward(from: Layer, to: Layer): string | undefined {
  if (from !== "transport" && to === "transport") return `A ${from} must not import a transport.`;
  const isBelow = from === "service" || from === "part" || from === "trpc";
  if (isBelow && to === "router") return `A ${from} must not import a router: routers call services.`;
  if ((from === "service" || from === "part") && to === "trpc") {
    return `A ${from} must not know of tRPC: it takes what it needs as arguments.`;
  }
  return undefined;
}

function explainPackage(from: Layer, specifier: string): string | undefined {
  const isTrpc = specifier === "@trpc/server" || specifier.startsWith("@trpc/server/");
  if (isTrpc && (from === "service" || from === "part")) {
    return "Only routers and the trpc files import @trpc/server.";
  }
  const isBackend = ["storage", "gateway", "knowledge"].some((name) => specifier === `${scope}${name}`);
  if (isBackend && (from === "router" || from === "transport")) {
    return `A ${from} must not import ${specifier}: it calls a service.`;
  }
  return undefined;
}
