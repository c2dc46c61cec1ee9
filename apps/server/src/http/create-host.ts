import { createServer, type Server, type ServerOptions } from "node:http";
import cors from "@fastify/cors";
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { ListenAddress } from "../config/listen-address.ts";

/** What the HTTP host needs to know. */
export type HostOptions = {
  readonly logger: Logger;
  readonly newRequestId: () => string;
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly limits: {
    readonly bodyBytesMax: number;
    readonly urlBytesMax: number;
    readonly headersMs: number;
    readonly requestMs: number;
  };
};

/** The HTTP host: one application behind any number of addresses. */
export type Host = {
  readonly app: FastifyInstance;
  readonly servers: readonly Server[];
  /** Begins to listen everywhere; the ports that were asked for as 0 are known then. */
  listen(): Promise<{ host: string; port: number }[]>;
  /** Accepts no more connections, and closes those that carry nothing. */
  stopAccepting(): void;
};

/** Creates the host; faces are mounted on its `app`, then it listens. */
export function createHost(addresses: readonly ListenAddress[], options: HostOptions): Host {
  const { limits } = options;
  const serverOptions: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: 2000,
    keepAliveTimeout: 65_000,
  };
  const servers: Server[] = [];
  const app = fastify({
    loggerInstance: options.logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: options.newRequestId,
    bodyLimit: limits.bodyBytesMax,
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: limits.urlBytesMax },
    // One server for each address, all in front of the same application.
    serverFactory(handler) {
      for (const _ of addresses) servers.push(createServer(serverOptions, handler));
      return servers[0] as Server;
    },
  });
  void app.register(cors, {
    origin: options.corsOrigins.includes("*") ? "*" : [...options.corsOrigins],
    methods: ["GET", "POST", "PUT", "DELETE"],
    exposedHeaders: ["retry-after", "x-request-id"],
    maxAge: 600,
  });
  app.addHook("onRequest", (request, reply, done) => {
    setSecurityHeaders(request, reply);
    const refusal = findRefusal(request, limits.urlBytesMax);
    if (refusal === undefined) done();
    else void reply.code(refusal.status).send({ error: refusal.message });
  });
  app.addHook("onResponse", (request, reply, done) => {
    logResponse(request, reply);
    done();
  });
  return { app, servers, listen: () => listen({ app, servers, addresses }), stopAccepting: () => stop(servers) };
}

async function listen(given: {
  app: FastifyInstance;
  servers: readonly Server[];
  addresses: readonly ListenAddress[];
}): Promise<{ host: string; port: number }[]> {
  await given.app.ready();
  try {
    return await Promise.all(
      given.servers.map((server, index) => bind(server, given.addresses[index] as ListenAddress)),
    );
  } catch (error) {
    stop(given.servers);
    throw error;
  }
}

function bind(server: Server, { host, port }: ListenAddress): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", reject);
      const bound = server.address();
      if (typeof bound === "object" && bound !== null) resolve({ host: bound.address, port: bound.port });
    });
  });
}

function stop(servers: readonly Server[]): void {
  for (const server of servers) {
    server.close();
    server.closeIdleConnections();
  }
}

function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", request.id);
  reply.header("x-content-type-options", "nosniff");
  reply.header("referrer-policy", "no-referrer");
  reply.header("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
}

/** Requests that Node's parser lets pass and that no honest client sends. */
function findRefusal(
  request: FastifyRequest,
  urlBytesMax: number,
): { status: number; message: string } | undefined {
  const { url, rawHeaders } = request.raw;
  if (!url?.startsWith("/")) return { status: 400, message: "The request's target must be a path." };
  if (url.length > urlBytesMax) return { status: 414, message: "The URL is too long." };
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase();
    if (name === "host") hosts++;
    if (name === "__proto__") return { status: 400, message: "A header has a name that is not allowed." };
  }
  return hosts > 1 ? { status: 400, message: "The request names more than one host." } : undefined;
}

function logResponse(request: FastifyRequest, reply: FastifyReply): void {
  const level = reply.statusCode >= 500 ? "warn" : "info";
  request.log[level](
    {
      method: request.method,
      // Without the query: inputs are nobody's business in a log.
      path: request.url.split("?")[0],
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      address: request.ip,
    },
    "request",
  );
}
