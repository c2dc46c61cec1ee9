import { writeFileSync } from "node:fs";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";

/** What tools of the tests know of the server that they are in. */
export type Surroundings = {
  /** Ends the server, as a crash would. */
  readonly die: () => void;
  /** What the operator gave it, and nobody else is to see. */
  readonly secret: string;
};

const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] });

/** Makes an MCP server with the tools that tests call. */
export function offerTools({ die, secret }: Surroundings): McpServer {
  const server = new McpServer({ name: "tools-of-the-tests", version: "1.0.0" });
  server.registerTool(
    "echo",
    { title: "Echo", description: "Says it again.", inputSchema: { text: z.string() } },
    (input) => text(`echo: ${input.text}`),
  );
  server.registerTool("who.am.i", { description: "Its process." }, () => text(String(process.pid)));
  server.registerTool("refuse", { description: "Says no." }, () => ({
    ...text("no such file"),
    isError: true,
  }));
  server.registerTool("large", { inputSchema: { chars: z.int() } }, ({ chars }) => text("x".repeat(chars)));
  server.registerTool("leak", { description: "Tells its secret." }, () => {
    throw new Error(`cannot log in with ${secret}`);
  });
  server.registerTool("picture", { description: "Draws." }, () => ({
    content: [
      { type: "text" as const, text: "Here:" },
      { type: "image" as const, data: "AAAAAAAA", mimeType: "image/png" },
    ],
  }));
  server.registerTool(
    "hang",
    { description: "Never answers; notes its start and its end.", inputSchema: { mark: z.string() } },
    ({ mark }, { signal }) => {
      writeFileSync(`${mark}.begun`, "");
      const { promise, resolve } = Promise.withResolvers<ReturnType<typeof text>>();
      signal.addEventListener("abort", () => {
        writeFileSync(`${mark}.ended`, "");
        resolve(text("ended"));
      });
      return promise;
    },
  );
  server.registerTool("die", { description: "Ends its server." }, () => {
    die();
    return Promise.withResolvers<ReturnType<typeof text>>().promise;
  });
  server.registerTool("grow", { description: "Adds a tool." }, () => {
    server.registerTool("grown", { description: "Was added." }, () => text("grown"));
    return text("added");
  });
  return server;
}
