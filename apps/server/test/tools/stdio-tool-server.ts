import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { offerTools } from "./offer-tools.ts";

// An MCP server as operators have them: a program that ends when its input does.
const server = offerTools({
  die: () => process.kill(process.pid, "SIGKILL"),
  secret: process.env["TOOL_SECRET"] ?? "",
});
await server.connect(new StdioServerTransport());
