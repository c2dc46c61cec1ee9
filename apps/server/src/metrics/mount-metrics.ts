import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { ListenAddress } from "../config/listen-address.ts";
import type { Metrics } from "./create-metrics.ts";

/** Where the metrics are, on whatever address they are served. */
export const metricsPaths = ["/metrics", "/v1/metrics"] as const;

/** Who may read the metrics, and where. */
export type MetricsAccess = {
  /** An address of their own; undefined: that of the server. */
  readonly listen: ListenAddress | undefined;
  /** What readers have to send as a bearer token; undefined: nothing. */
  readonly token: string | undefined;
};

type Readable = Pick<Metrics, "render" | "contentType">;

/**
 * Mounts the metrics on the server's own application. Where they have an address of their own, the paths answer 404:
 * `/v1/metrics` must not be taken for a call to an upstream.
 */
export function mountMetrics(
  app: FastifyInstance,
  { metrics, access }: { readonly metrics: Readable; readonly access: MetricsAccess },
): void {
  for (const path of metricsPaths) {
    app.get(path, async (request, reply) => {
      if (access.listen !== undefined) return reply.callNotFound();
      if (!isReader(request.headers.authorization, access.token)) {
        return reply.code(401).header("www-authenticate", "Bearer").send(refusal);
      }
      return reply
        .header("cache-control", "no-store")
        .type(metrics.contentType)
        .send(await metrics.render());
    });
  }
}

/** A server that has nothing but the metrics. */
export type MetricsServer = { readonly url: string; close(): Promise<void> };

/**
 * Serves the metrics on an address of their own.
 *
 * @throws the system's error for an address that cannot be listened on.
 */
export async function startMetricsServer(
  listen: ListenAddress,
  given: { readonly metrics: Readable; readonly token: string | undefined },
): Promise<MetricsServer> {
  const server = createServer({ headersTimeout: 5000, requestTimeout: 5000 }, (request, response) => {
    // Whoever reads is gone, or gets what there is; there is nobody else to tell.
    answer(request, response, given).catch(() => response.destroy());
  });
  const { host, port } = await new Promise<{ host: string; port: number }>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: listen.port, ...(listen.host === undefined ? {} : { host: listen.host }) }, () => {
      const bound = server.address();
      if (typeof bound === "object" && bound !== null) resolve({ host: bound.address, port: bound.port });
    });
  });
  return {
    url: `http://${toShownHost(host)}:${port}`,
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

/** A host that works on this machine, whatever the server is bound to. */
function toShownHost(host: string): string {
  if (host === "::" || host === "0.0.0.0") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

const refusal = { error: "The metrics need their bearer token." };

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, token }: { readonly metrics: Readable; readonly token: string | undefined },
): Promise<void> {
  const path = request.url?.split("?")[0] ?? "";
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isRead || !metricsPaths.some((known) => known === path)) {
    sendJson(response, 404, { error: "There is no such path." });
  } else if (!isReader(request.headers.authorization, token)) {
    sendJson(response.setHeader("www-authenticate", "Bearer"), 401, refusal);
  } else {
    const text = await metrics.render();
    response.writeHead(200, { "content-type": metrics.contentType, "cache-control": "no-store" }).end(text);
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
}

function isReader(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  const given = /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1]?.trim() ?? "";
  return timingSafeEqual(toDigest(given), toDigest(token));
}

const toDigest = (text: string) => createHash("sha256").update(text).digest();
