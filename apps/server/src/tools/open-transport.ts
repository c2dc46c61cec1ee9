import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { ToolServerPlace } from "../config/tools-config.ts";

/** More in one message is no answer to a model. */
const messageBytesMax = 32 * 1024 * 1024;

/** Makes the way to a server. A program is started only when the way is taken; what it complains of is told by lines. */
export function openTransport(place: ToolServerPlace, onLine: (line: string) => void): Transport {
  if ("url" in place) {
    return new StreamableHTTPClientTransport(new URL(place.url), {
      requestInit: { headers: { ...place.headers } },
    });
  }
  const transport = new StdioClientTransport({
    command: place.command,
    args: [...place.args],
    env: { ...place.env },
    cwd: place.cwd,
    stderr: "pipe",
    maxBufferSize: messageBytesMax,
  });
  const { stderr } = transport;
  if (stderr !== null) createInterface({ input: stderr as Readable }).on("line", onLine);
  return transport;
}
