import { resolve } from "node:path";
import type { ToolSettings } from "@llm-backend/server";
import type { ConfigFile } from "./config-schema.ts";

/** Where an MCP server is: a program to be started, or a URL. */
export type ToolServerPlace =
  | {
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string;
    }
  | { readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** One MCP server, and what may be used of it. */
export type ToolServerConfig = {
  readonly name: string;
  readonly place: ToolServerPlace;
  /** Patterns of its tools' names; undefined: all. */
  readonly allow: readonly string[] | undefined;
  readonly deny: readonly string[];
  readonly timeoutMs: number;
  readonly permission: "ask" | "always" | "never";
};

/** The section `tools`. */
export type ToolsConfig = {
  readonly servers: readonly ToolServerConfig[];
  readonly settings: ToolSettings;
};

/** Draws the conclusions from the section. */
export function toToolsConfig(tools: ConfigFile["tools"], folder: string): ToolsConfig {
  return {
    servers: Object.entries(tools.servers).map(([name, server]) => ({
      name,
      place: toPlace(server, folder),
      allow: server.tools?.allow,
      deny: server.tools?.deny ?? [],
      timeoutMs: Math.round(server.timeout_seconds * 1000),
      permission: server.permission,
    })),
    settings: {
      roundsMax: tools.rounds_max,
      resultCharsMax: tools.result_chars_max,
      parallelMax: tools.parallel_max,
      permissionMs: Math.round(tools.permission_minutes * 60_000),
    },
  };
}

function toPlace(server: ConfigFile["tools"]["servers"][string], folder: string): ToolServerPlace {
  const { command, args = [], env = {}, url = "", headers = {} } = server;
  if (command === undefined) return { url, headers };
  return { command, args, env, cwd: resolve(folder, server.cwd ?? ".") };
}
