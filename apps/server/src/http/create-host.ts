import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from "node:http";
import { Server as TcpServer } from "node:net";
import cors from "@fastify/cors";
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Logger } from "pino";
import type { ListenAddress } from "../config/listen-address.ts";
import { answerBroken } from "./broken-request.ts";
import { readOffAfter } from "./read-off.ts";
import { findRefusal, isRefusable, overloaded, toPathRefusal, type Refusal } from "./refusal.ts";

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
  /** Answers a request that no face gets to see, in the words of the face that it is for. */
  readonly refuse: (reply: FastifyReply, refusal: Refusal) => void;
  /** Whether the process takes no new work just now. */
  readonly isOverloaded: () => boolean;
  /** Is shown every request before the application; `true`: it answers it. */
  readonly handleFirst: (request: IncomingMessage, response: ServerResponse) => boolean;
};

/** The HTTP host: one application behind any number of addresses. */
export type Host = {
  readonly app: FastifyInstance;
  readonly servers: readonly Server[];
  /** Begins to listen everywhere; the ports that were asked for as 0 are known then. */
  listen(): Promise<{ host: string; port: number }[]>;
  /** Accepts no more connections, and closes those that carry nothing. */
  stopAccepting(): void;
  /**
   * Accepts no more connections, and lets those that are open have one more answer each: a connection that is closed
   * while its caller sends the next request is a failed request.
   */
  letGo(): void;
};

/** Creates the host; faces are mounted on its `app`, then it listens. */
export function createHost(addresses: readonly ListenAddress[], options: HostOptions): Host {
  const { limits } = options;
  const serverOptions: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: 2000,
    keepAliveTimeout: 65_000,
    // What waits in the process for a reader who takes nothing; one who does leaves it empty.
    highWaterMark: 16 * 1024,
    // Whoever offers another protocol than WebSocket can do without: Java's client offers HTTP/2 with every request.
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
  };
  const servers: Server[] = [];
  // Named by what Fastify needs of it, or the type of everything here would carry pino's.
  const loggerInstance: FastifyBaseLogger = options.logger;
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: options.newRequestId,
    bodyLimit: limits.bodyBytesMax,
    trustProxy: options.trustedProxies.length === 0 ? false : [...options.trustedProxies],
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: limits.urlBytesMax },
    clientErrorHandler: answerBroken,
    frameworkErrors(error, request, reply) {
      setSecurityHeaders(request, reply);
      options.refuse(reply, toPathRefusal(error));
    },
    // One server for each address, all in front of the same application.
    serverFactory(handler) {
      const handle = (request: IncomingMessage, response: ServerResponse): void => {
        // Whoever keeps a connection to a server that goes would come with the next request too late.
        if (!(servers[0]?.listening ?? true)) response.shouldKeepAlive = false;
        readOffAfter(request, response);
        if (!options.handleFirst(request, response)) handler(request, response);
      };
      for (const _ of addresses) servers.push(createServer(serverOptions, handle));
      // The framework answers for the first one itself.
      for (const server of servers.slice(1)) server.on("clientError", answerBroken);
      return servers[0] as Server;
    },
  });
  void app.register(cors, {
    origin: options.corsOrigins.includes("*") ? "*" : [...options.corsOrigins],
    methods: ["GET", "POST", "PUT", "DELETE"],
    exposedHeaders: ["retry-after", "x-error-code", "x-request-id"],
    maxAge: 600,
    // Whoever asks what a path takes without being a browser is answered too.
    strictPreflight: false,
  });
  app.addHook("onRequest", (request, reply, done) => {
    setSecurityHeaders(request, reply);
    const isShed = isRefusable(request.raw) && options.isOverloaded();
    const refusal = isShed ? overloaded : findRefusal(request.raw, limits.urlBytesMax);
    if (refusal === undefined) done();
    else options.refuse(reply, refusal);
  });
  app.addHook("onResponse", (request, reply, done) => {
    logResponse(request, reply);
    done();
  });
  return {
    app,
    servers,
    listen: () => listen({ app, servers, addresses }),
    stopAccepting: () => stop(servers),
    letGo() {
      // HTTP's own way to close also closes what is idle just now.
      for (const server of servers) TcpServer.prototype.close.call(server);
    },
  };
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
