import { flushCompileCache } from "node:module";
import { createNewId, type Backend } from "@llm-backend/server";
import type { Logger } from "pino";
import { compose, type ComposeOptions, type Parts, type Seat } from "./compose.ts";
import type { Config } from "./config/to-config.ts";
import { createHost } from "./http/create-host.ts";
import { refuse } from "./http/error-answers.ts";
import { guardConnections } from "./http/guard-connections.ts";
import { mountWebSocket } from "./http/mount-websocket.ts";
import { openV1 } from "./http/open-v1.ts";
import { untilFlushed, untilGone } from "./http/until-flushed.ts";
import type { Metrics } from "./metrics/create-metrics.ts";
import { startMetricsServer, type MetricsServer } from "./metrics/mount-metrics.ts";
import { mountFaces } from "./mount-faces.ts";

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
  /**
   * Lets others take over: accepts no more connections and answers those that are open, until none is left or the
   * drain time is over. To be followed by `stop`.
   */
  leave(): Promise<void>;
  /** What it has measured. */
  readonly metrics: Metrics;
  /** Takes care of what one process does for all: forgets from time to time what is no longer needed. */
  lead(): void;
};

/** What a process that serves with others is given of them. */
export type ServerSeat = Seat & {
  /** The measurements of all. */
  readonly metrics: Pick<Metrics, "render" | "contentType">;
  /** How the others are, in a few words. */
  readonly describeOthers: () => string;
};

/** What a server is started with. */
export type ServerOptions = Omit<ComposeOptions, "seat"> & {
  /** Undefined for a process that serves alone. */
  readonly seat?: ServerSeat | undefined;
};

const sweepMs = 3_600_000;
/** How long streams that have ended may take to reach their readers. */
const flushMs = 1000;

/**
 * Starts everything: storage, gateway, services, faces.
 *
 * @throws ConfigError or StorageRefusal for what an operator has to change, and the system's error for a port in use.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { logger, seat } = options;
  const parts = await compose(options);
  try {
    if (seat === undefined) await recover(parts.backend, logger);
    else await parts.backend.load();
    return await serve(parts, options);
  } catch (error) {
    await parts.backend.drain(AbortSignal.abort());
    await parts.close();
    throw error;
  }
}

async function recover(backend: Backend, logger: Logger): Promise<void> {
  const { runsInterrupted } = await backend.recover();
  if (runsInterrupted > 0) logger.warn({ runsInterrupted }, "Answers of an earlier process were interrupted");
  await backend.sweep();
}

async function serve(parts: Parts, { config, logger, seat }: ServerOptions): Promise<RunningServer> {
  const { backend } = parts;
  const state = { isStopping: false };
  const isOverloaded = () => parts.pressure.shed() !== undefined;
  const v1 = openV1({ config, logger, services: backend.services, isOverloaded });
  const host = createHost(config.listen, {
    ...toHostOptions(config, logger),
    isOverloaded,
    handleFirst: v1.handle,
  });
  parts.pressure.guard(host.servers);
  mountFaces(host, {
    parts,
    config,
    logger,
    metrics: seat?.metrics ?? parts.metrics,
    checks: () => ({
      server: state.isStopping ? "is stopping" : "ok",
      ...(seat !== undefined && { workers: seat.describeOthers() }),
    }),
  });
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
  const guard = guardConnections(host.servers, { config, logger });
  let sweeper: NodeJS.Timeout | undefined;
  const sweep = () => {
    backend.sweep().catch((error: unknown) => logger.error({ err: error }, "Sweeping failed"));
  };
  const metricsServer =
    seat === undefined ? await serveMetrics({ config, logger, metrics: parts.metrics }) : undefined;
  // What has been compiled up to here is kept although a kill may follow. Later it would hold up what is being answered.
  flushCompileCache();
  const urls = (await host.listen()).map(toUrl);
  const setupToken = seat === undefined ? await backend.services.setup.openSetup() : undefined;
  if (seat === undefined) sweeper = setInterval(sweep, sweepMs).unref();
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
    await untilFlushed(host.servers, AbortSignal.timeout(flushMs));
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
    async leave() {
      host.letGo();
      for (const socket of sockets) socket.askToReconnect();
      const isOver = AbortSignal.any([patience.signal, AbortSignal.timeout(config.drain_seconds * 1000)]);
      await untilGone(host.servers, isOver);
    },
    metrics: parts.metrics,
    lead() {
      sweep();
      sweeper ??= setInterval(sweep, sweepMs).unref();
    },
  };
}

/** Serves the metrics on the address of their own that the configuration names; undefined where it names none. */
export async function serveMetrics(given: {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "render" | "contentType">;
}): Promise<MetricsServer | undefined> {
  const { config, logger, metrics } = given;
  if (config.metrics.listen === undefined) return undefined;
  const server = await startMetricsServer(config.metrics.listen, { metrics, token: config.metrics.token });
  logger.info(`Metrics on ${server.url}/metrics`);
  return server;
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
