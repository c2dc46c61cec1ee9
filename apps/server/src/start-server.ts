import { mountAdmin, mountApi } from "@llm-backend/rest";
import { createNewId, type Backend, type Context } from "@llm-backend/server";
import type { FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { compose, type ComposeOptions, type Parts } from "./compose.ts";
import type { Config } from "./config/to-config.ts";
import { createHost, type Host } from "./http/create-host.ts";
import { answerErrors, refuse } from "./http/error-answers.ts";
import { mountHealth } from "./http/health-routes.ts";
import { mountTrpc } from "./http/mount-trpc.ts";
import { mountWebSocket } from "./http/mount-websocket.ts";
import { openV1 } from "./http/open-v1.ts";
import { readCredential } from "./http/request-context.ts";
import { mountRoot } from "./http/root-routes.ts";
import { guardStalls } from "./http/stall-guard.ts";
import { mountMetrics, startMetricsServer } from "./metrics/mount-metrics.ts";
import { version } from "./version.ts";

/** A server that serves. */
export type RunningServer = {
  /** Where it listens: base URLs, one for each address. */
  readonly urls: readonly string[];
  /** The one-time link to make the first administrator; undefined when there is one. */
  readonly setupUrl: string | undefined;
  readonly backend: Backend;
  /** Ends it: accepts nothing new, lets answers go on for the drain time, stores what is left, closes. */
  stop(): Promise<void>;
  /** The same, without letting answers go on; also for a stop that is under way. */
  stopNow(): Promise<void>;
};

const sweepMs = 3_600_000;
/** How long streams that have ended may take to reach their readers. */
const flushMs = 1000;

/**
 * Starts everything: storage, gateway, services, faces.
 *
 * @throws ConfigError or StorageRefusal for what an operator has to change, and the system's error for a port in use.
 */
export async function startServer(options: ComposeOptions): Promise<RunningServer> {
  const { config, logger } = options;
  const parts = await compose(options);
  try {
    const { runsInterrupted } = await parts.backend.recover();
    if (runsInterrupted > 0)
      logger.warn({ runsInterrupted }, "Answers of an earlier process were interrupted");
    await parts.backend.sweep();
    return await serve(parts, { config, logger });
  } catch (error) {
    await parts.backend.drain(AbortSignal.abort());
    await parts.close();
    throw error;
  }
}

async function serve(parts: Parts, given: { config: Config; logger: Logger }): Promise<RunningServer> {
  const { config, logger } = given;
  const { backend } = parts;
  const state = { isStopping: false };
  const v1 = openV1({ config, logger, forward: backend.services.forward });
  const host = createHost(config.listen, { ...toHostOptions(config, logger), handleFirst: v1.handle });
  mountFaces(host, { parts, config, logger, state });
  const sockets = host.servers.map((server) =>
    mountWebSocket(server, {
      createContext: (caller) => ({ services: backend.services, ...caller }),
      onInternalError: (error) => logger.error({ err: error }, "Internal error"),
      messageBytesMax: config.limits.body_bytes_max,
      urlBytesMax: config.limits.url_bytes_max,
      batchCallsMax: config.limits.batch_calls_max,
      trustedProxies: config.trusted_proxies,
    }),
  );
  const guard = guardStalls(host.servers, { stallMs: config.limits.follower_stall_seconds * 1000 });
  const sweeper = setInterval(() => {
    backend.sweep().catch((error: unknown) => logger.error({ err: error }, "Sweeping failed"));
  }, sweepMs).unref();

  const metricsServer =
    config.metrics.listen === undefined
      ? undefined
      : await startMetricsServer(config.metrics.listen, {
          metrics: parts.metrics,
          token: config.metrics.token,
        });
  if (metricsServer !== undefined) logger.info(`Metrics on ${metricsServer.url}/metrics`);
  const urls = (await host.listen()).map(toUrl);
  const setupToken = await backend.services.setup.openSetup();
  const patience = new AbortController();
  let stopping: Promise<void> | undefined;

  async function stopOnce(): Promise<void> {
    state.isStopping = true;
    host.stopAccepting();
    const timer = setTimeout(() => patience.abort(), config.drain_seconds * 1000);
    await backend.drain(patience.signal, {
      drain: v1.drain,
      async end() {
        // Calls that are still open end with an error of their own instead of a cut.
        await parts.gateway.close();
        await v1.idle(flushMs);
      },
    });
    clearTimeout(timer);
    for (const socket of sockets) socket.askToReconnect();
    await flushed(host);
    clearInterval(sweeper);
    guard[Symbol.dispose]();
    v1[Symbol.dispose]();
    for (const socket of sockets) socket.close();
    await metricsServer?.close();
    await host.app.close();
    for (const server of host.servers) server.closeAllConnections();
    await parts.close();
  }
  const stop = () => (stopping ??= stopOnce());
  return {
    urls,
    setupUrl: setupToken === undefined ? undefined : `${urls[0]}/setup#${setupToken}`,
    backend,
    stop,
    stopNow() {
      patience.abort();
      return stop();
    },
  };
}

function mountFaces(
  host: Host,
  given: { parts: Parts; config: Config; logger: Logger; state: { isStopping: boolean } },
): void {
  const { parts, config, state } = given;
  const { services } = parts.backend;
  const createContext = (request: FastifyRequest): Context => ({
    services,
    credential: readCredential(request.headers),
    address: request.ip,
  });
  const onInternalError = (error: unknown, request?: FastifyRequest) => {
    (request?.log ?? given.logger).error({ err: error }, "Internal error");
  };
  mountHealth(host.app, {
    async readiness() {
      const database = await parts.storage.ping().then(
        () => "ok",
        () => "does not answer",
      );
      const server = state.isStopping ? "is stopping" : "ok";
      const redis = parts.redis?.check();
      return {
        isReady: database === "ok" && server === "ok" && redis?.isReady !== false,
        checks: { server, database, ...(redis !== undefined && { redis: redis.words }) },
      };
    },
  });
  answerErrors(host.app, { onInternalError });
  mountRoot(host.app);
  mountMetrics(host.app, { metrics: parts.metrics, access: config.metrics });
  mountTrpc(host.app, { createContext, onInternalError, batchCallsMax: config.limits.batch_calls_max });
  mountAdmin(host.app, { services, showsKeys: config.gateway.showKeys, onInternalError });
  mountApi(host.app, { createContext, onInternalError, version, pingMs: 10_000 });
}

function toHostOptions(config: Config, logger: Logger) {
  const newId = createNewId(Date.now);
  return {
    logger,
    newRequestId: () => newId.text("req"),
    refuse,
    corsOrigins: config.cors.origins,
    trustedProxies: config.trusted_proxies,
    limits: {
      bodyBytesMax: config.limits.body_bytes_max,
      urlBytesMax: config.limits.url_bytes_max,
      headersMs: config.limits.headers_seconds * 1000,
      requestMs: config.limits.request_seconds * 1000,
    },
  };
}

/** A base URL that works on this machine, whatever the server is bound to. */
function toUrl({ host, port }: { host: string; port: number }): string {
  if (host === "::" || host === "0.0.0.0") return `http://127.0.0.1:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Waits until all connections are closed, but not for ever: a reader may be gone without saying so. */
async function flushed(host: Host): Promise<void> {
  const until = performance.now() + flushMs;
  while (performance.now() < until) {
    for (const server of host.servers) server.closeIdleConnections();
    const counts = await Promise.all(
      host.servers.map(
        (server) =>
          new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count))),
      ),
    );
    if (counts.every((count) => count === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
