import type { ConfigProblem } from "./config-error.ts";
import { isRawDocument, type RawDocument } from "./raw-document.ts";

/** Finds MCP servers that are in two places, or in none. */
export function findToolProblems({ tools }: RawDocument): ConfigProblem[] {
  const servers = isRawDocument(tools) ? tools.servers : undefined;
  if (!isRawDocument(servers)) return [];
  return Object.entries(servers).flatMap(([name, server]) =>
    isRawDocument(server) ? findServerProblems(server, `tools.servers.${name}`) : [],
  );
}

/** Keys that mean nothing where the other of the two is given. */
const belongings = { command: ["args", "env", "cwd"], url: ["headers"] } as const;

function findServerProblems(server: RawDocument, path: string): ConfigProblem[] {
  const { command, url } = server;
  if (command !== undefined && url !== undefined)
    return [{ path: `${path}.url`, message: "contradicts command; keep one of them" }];
  if (command === undefined && url === undefined)
    return [{ path: `${path}.command`, message: "is missing: expected a command, or a url" }];
  const [given, other] =
    command === undefined ? (["url", "command"] as const) : (["command", "url"] as const);
  return belongings[other]
    .filter((key) => server[key] !== undefined)
    .map((key) => ({
      path: `${path}.${key}`,
      message: `means nothing with ${given}; it belongs to ${other}`,
    }));
}
