import type { Logger } from "pino";
import type { ToolServerConfig } from "../config/tools-config.ts";
import type { ServedToolBox } from "./create-tool-box.ts";

/** The tools of a configuration that names no servers. */
const emptyBox: ServedToolBox = {
  list: () => Promise.resolve([]),
  call: () => Promise.resolve({ ok: false, text: "The tool is not there at the moment.", failure: "failed" }),
  close: () => Promise.resolve(),
};

/** Opens the tools of a configuration. Where it names no servers, nothing is loaded that speaks with them. */
export async function openToolBox(
  servers: readonly ToolServerConfig[],
  logger: Logger,
): Promise<ServedToolBox> {
  if (servers.length === 0) return emptyBox;
  const { createToolBox } = await import("./create-tool-box.ts");
  return createToolBox(servers, { logger });
}
