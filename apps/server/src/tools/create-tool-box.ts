import { setTimeout as wait } from "node:timers/promises";
import type { ToolBox } from "@llm-backend/server";
import type { Logger } from "pino";
import type { ToolServerConfig } from "../config/tools-config.ts";
import { createToolServer, type Backoff } from "./tool-server.ts";

/** The tools of all MCP servers of the configuration. */
export type ServedToolBox = ToolBox & {
  /** Ends the servers that were started, and the connections to the others. */
  close(): Promise<void>;
};

/** Right after the start a question waits so long for tools; a server that is slower comes with a later one. */
const startMsMax = 5_000;

/** Starts the servers in the background. */
export function createToolBox(
  servers: readonly ToolServerConfig[],
  options: { readonly logger: Logger; readonly backoff?: Backoff },
): ServedToolBox {
  const kept = servers.map((config) => createToolServer(config, options));
  const tried = Promise.all(kept.map((server) => server.tried));
  const late = new AbortController();
  const started = Promise.race([
    tried,
    wait(startMsMax, undefined, { signal: late.signal, ref: false }).catch(() => {}),
  ]).finally(() => late.abort());

  return {
    async list() {
      await started;
      const tools = kept.flatMap((server) => server.list());
      return tools.toSorted((first, second) => (first.name < second.name ? -1 : 1));
    },
    async call(name, args, { signal }) {
      const server = kept.find((one) => one.list().some((tool) => tool.name === name));
      if (server === undefined) {
        return { ok: false, text: "The tool is not there at the moment.", failure: "failed" };
      }
      return server.call(name, args, { signal });
    },
    async close() {
      late.abort();
      await Promise.all(kept.map((server) => server.close()));
    },
  };
}
