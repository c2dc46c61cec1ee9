import type { ToolInfo } from "@llm-backend/server";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ListToolsResultSchema, type Tool } from "@modelcontextprotocol/sdk/types.js";
import { isAllowed } from "../config/model-pattern.ts";
import type { ToolServerConfig } from "../config/tools-config.ts";
import { toToolName } from "./tool-name.ts";

/** A tool as models call it, and as its server does. */
export type ServerTool = { readonly info: ToolInfo; readonly name: string };

const listMsMax = 30_000;
const pagesMax = 100;
const toolsMax = 1000;
/** A description goes into every question. */
const descriptionCharsMax = 4000;
const schemaCharsMax = 50_000;

/** Asks a server for its tools, all pages, and leaves out those that the operator does. */
export async function listTools(client: Client, config: ToolServerConfig): Promise<readonly ServerTool[]> {
  if (client.getServerCapabilities()?.tools === undefined) return [];
  const tools = new Map<string, ServerTool>();
  let cursor: string | undefined;
  for (let page = 0; page < pagesMax && tools.size < toolsMax; page++) {
    const request = { method: "tools/list", params: cursor === undefined ? {} : { cursor } } as const;
    const result = await client.request(request, ListToolsResultSchema, { timeout: listMsMax });
    for (const tool of result.tools.filter((one) => isWanted(one, config))) {
      const info = toInfo(tool, config);
      tools.set(info.name, { info, name: tool.name });
    }
    cursor = result.nextCursor;
    if (cursor === undefined) break;
  }
  return [...tools.values()];
}

function isWanted({ name, inputSchema }: Tool, { allow, deny }: ToolServerConfig): boolean {
  // `isAllowed` asks whether no pattern fits; here one has to.
  const isListed = allow === undefined || !isAllowed(name, allow);
  return isListed && isAllowed(name, deny) && JSON.stringify(inputSchema).length <= schemaCharsMax;
}

function toInfo({ name, title, description = "", inputSchema }: Tool, config: ToolServerConfig): ToolInfo {
  return {
    name: toToolName(config.name, name),
    server: config.name,
    title,
    description: description.slice(0, descriptionCharsMax).toWellFormed(),
    inputSchema,
    permission: config.permission,
  };
}
