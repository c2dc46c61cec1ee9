import { dirname, join } from "node:path/posix";
import type { Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";
import { isRelative, type Workspace } from "../workspace.ts";

type Edge = { readonly to: string; readonly line: number };
type Graph = ReadonlyMap<string, readonly Edge[]>;

/** No file imports itself by way of others, types included: what forms a circle cannot be read from one end. */
export const cycles: Rule = {
  name: "cycles",
  *find(workspace) {
    const graph = toGraph(workspace);
    const done = new Set<string>();
    for (const path of graph.keys()) yield* findCycles(graph, { path, done });
  },
};

function toGraph(workspace: Workspace): Graph {
  const byPath = new Map(workspace.sources.map((file) => [file.path, file]));
  const entries = new Map(
    workspace.packages.map(({ folder, manifest }) => [manifest.name, `${folder}/src/index.ts`]),
  );
  const toEdges = ({ path, imports }: SourceFile) =>
    imports.flatMap(({ specifier, line }): Edge[] => {
      const to = isRelative(specifier) ? join(dirname(path), specifier) : entries.get(specifier);
      return to !== undefined && byPath.has(to) ? [{ to, line }] : [];
    });
  return new Map(workspace.sources.map((file) => [file.path, toEdges(file)]));
}

/** A walk in depth. Each edge back into the way that led here closes a circle; each circle is found once. */
function* findCycles(graph: Graph, { path, done }: { path: string; done: Set<string> }): Iterable<Finding> {
  if (done.has(path)) return;
  const way = [path];
  const rest = [[...(graph.get(path) ?? [])]];
  while (way.length > 0) {
    const here = way.at(-1) ?? "";
    const edge = rest.at(-1)?.pop();
    if (edge === undefined) {
      done.add(here);
      way.pop();
      rest.pop();
    } else if (way.includes(edge.to)) {
      const circle = [...way.slice(way.indexOf(edge.to)), edge.to];
      yield { path: here, line: edge.line, message: `Imports form a circle: ${circle.join(" → ")}.` };
    } else if (!done.has(edge.to)) {
      way.push(edge.to);
      rest.push([...(graph.get(edge.to) ?? [])]);
    }
  }
}
