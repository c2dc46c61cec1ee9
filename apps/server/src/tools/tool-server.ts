import type { ToolInfo, ToolResult } from "@llm-backend/server";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { CallToolResultSchema, ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import type { Logger } from "pino";
import type { ToolServerConfig } from "../config/tools-config.ts";
import { connectClient } from "./connect-client.ts";
import { listTools, type ServerTool } from "./list-tools.ts";
import { createPause } from "./pause.ts";
import { toResultText } from "./result-text.ts";
import { createScrubber, toMessage } from "./scrub-error.ts";

/** One MCP server: connected in the background, and again whenever it is gone. */
export type ToolServer = {
  /** Resolves when the first try to connect has come to something. */
  readonly tried: Promise<void>;
  /** Its tools; none while it is gone. */
  list(): readonly ToolInfo[];
  /** As `ToolBox.call`. */
  call(
    name: string,
    args: Readonly<Record<string, unknown>>,
    options: { readonly signal: AbortSignal },
  ): Promise<ToolResult>;
  close(): Promise<void>;
};

/** How long after its end a server is started again: the first time, and at most. */
export type Backoff = { readonly firstMs: number; readonly mostMs: number };

const defaultBackoff: Backoff = { firstMs: 500, mostMs: 60_000 };
/** A server that has held for so long has not failed at its start. */
const steadyMs = 30_000;

/** A connection while it lasts. */
type Link = { readonly client: Client; tools: readonly ServerTool[] };

/** Begins to keep a connection to a server. */
export function createToolServer(
  config: ToolServerConfig,
  { logger, backoff = defaultBackoff }: { readonly logger: Logger; readonly backoff?: Backoff },
): ToolServer {
  const scrub = createScrubber(config.place);
  const closing = new AbortController();
  const pause = createPause(closing.signal);
  const tried = Promise.withResolvers<void>();
  let link: Link | undefined;

  async function refresh(current: Link): Promise<void> {
    try {
      current.tools = await listTools(current.client, config);
    } catch (error) {
      logger.warn({ toolServer: config.name, reason: scrub(toMessage(error)) }, "Tools could not be listed");
    }
  }

  /** Holds one connection from its beginning to its end. @returns for how long it held. */
  async function hold(): Promise<number> {
    const { client, closed } = await connectClient(config, {
      signal: closing.signal,
      onChanged: () => void (link !== undefined && refresh(link)),
      onLine: (line) => logger.debug({ toolServer: config.name, line: scrub(line) }, "A tool server says"),
    });
    const startedAt = performance.now();
    const end = () => void client.close().catch(() => {});
    closing.signal.addEventListener("abort", end, { once: true });
    try {
      closing.signal.throwIfAborted();
      const current: Link = { client, tools: await listTools(client, config) };
      link = current;
      tried.resolve();
      logger.info({ toolServer: config.name, tools: current.tools.length }, "A tool server is connected");
      await closed;
    } finally {
      link = undefined;
      closing.signal.removeEventListener("abort", end);
      await client.close().catch(() => {});
    }
    return performance.now() - startedAt;
  }

  async function keep(): Promise<void> {
    for (let failures = 0; !closing.signal.aborted; failures++) {
      let reason = "it has ended";
      try {
        if ((await hold()) >= steadyMs) failures = 0;
      } catch (error) {
        reason = scrub(toMessage(error));
      }
      tried.resolve();
      if (closing.signal.aborted) return;
      const waitMs = Math.min(backoff.mostMs, backoff.firstMs * 2 ** Math.min(failures, 20));
      logger.warn({ toolServer: config.name, reason, waitMs }, "A tool server is gone");
      await pause(waitMs);
    }
  }

  const kept = keep();

  function toFailure(error: unknown): ToolResult {
    const isTimeout = error instanceof McpError && error.code === (ErrorCode.RequestTimeout as number);
    if (isTimeout) return { ok: false, text: "The tool did not answer in time.", failure: "timeout" };
    return { ok: false, text: `The tool failed: ${scrub(toMessage(error))}`, failure: "failed" };
  }

  return {
    tried: tried.promise,
    list: () => link?.tools.map(({ info }) => info) ?? [],
    async call(name, args, { signal }) {
      const current = link;
      const tool = current?.tools.find(({ info }) => info.name === name);
      if (current === undefined || tool === undefined) {
        return { ok: false, text: "The tool is not there at the moment.", failure: "failed" };
      }
      try {
        const request = {
          method: "tools/call",
          params: { name: tool.name, arguments: { ...args } },
        } as const;
        const { timeoutMs: timeout } = config;
        const limits = { signal, timeout, maxTotalTimeout: timeout };
        const result = await current.client.request(request, CallToolResultSchema, limits);
        return { ok: result.isError !== true, text: toResultText(result) };
      } catch (error) {
        signal.throwIfAborted();
        // What the server says of a call is an answer; anything else means that it cannot be reached.
        if (!(error instanceof McpError) && "url" in config.place) void current.client.close();
        return toFailure(error);
      }
    },
    async close() {
      closing.abort();
      await kept;
    },
  };
}
