import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { offerTools } from "./offer-tools.ts";

/** An MCP server over HTTP. */
export type HttpToolServer = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** What `Authorization` its requests carried. */
  readonly credentials: ReadonlySet<string | undefined>;
};

/** Starts it; whoever does not carry the secret is refused. */
export async function startHttpToolServer(options: {
  secret: string;
  port?: number;
}): Promise<HttpToolServer> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const credentials = new Set<string | undefined>();

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    credentials.add(request.headers.authorization);
    if (request.headers.authorization !== `Bearer ${options.secret}`) {
      response.writeHead(401).end(`no entry with ${request.headers.authorization}`);
      return;
    }
    const known = sessions.get(String(request.headers["mcp-session-id"]));
    if (known !== undefined) return known.handleRequest(request, response);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    const server = offerTools({ die: () => http.closeAllConnections(), secret: options.secret });
    await server.connect(transport);
    await transport.handleRequest(request, response);
  }

  const http = createServer((request, response) => void serve(request, response));
  http.listen(options.port ?? 0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}/mcp`,
    credentials,
    async [Symbol.asyncDispose]() {
      const closed = once(http, "close");
      http.close();
      http.closeAllConnections();
      await closed;
    },
  };
}
