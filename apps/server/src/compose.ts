import { findDomainError } from "@llm-backend/contract";
import { providers as knownProviders, type Gateway } from "@llm-backend/gateway";
import { createBackend, type Backend, type EndedCall, type RunRelay } from "@llm-backend/server";
import type { Storage } from "@llm-backend/storage";
import type { Logger } from "pino";
import { createAlerts, type Alerts } from "./alerts/create-alerts.ts";
import { composeGateway } from "./compose-gateway.ts";
import { joinGround, layGround } from "./compose-ground.ts";
import { composeKnowledge } from "./compose-knowledge.ts";
import { toServiceSettings } from "./compose-settings.ts";
import type { Config } from "./config/to-config.ts";
import type { Environment } from "./env.ts";
import { createMetrics, type Metrics } from "./metrics/create-metrics.ts";
import type { WatchedRequest } from "./metrics/watched-events.ts";
import { watchDatabaseLog } from "./pressure/database-log.ts";
import { watchPressure, type Pressure } from "./pressure/watch-pressure.ts";
import type { RedisParts } from "./redis/start-redis.ts";
import { openSpeech } from "./speech/open-speech.ts";
import { openToolBox } from "./tools/open-tool-box.ts";
import { version } from "./version.ts";

/** The parts of a running process. */
export type Parts = {
  readonly storage: Storage;
  readonly gateway: Gateway;
  readonly backend: Backend;
  readonly metrics: Metrics;
  readonly pressure: Pressure;
  /** Where the configuration names one. */
  readonly redis: RedisParts | undefined;
  /** Ends everything that was started, last things first. */
  readonly close: () => Promise<void>;
};

/** What the parts are built from. */
export type ComposeOptions = {
  readonly config: Config;
  readonly environment: Environment;
  readonly logger: Logger;
  /** How many lines of the log could not be written. */
  readonly logLinesDropped?: () => number;
  /** Undefined for a process that serves alone. */
  readonly seat?: Seat | undefined;
};

/** The place of a process among those that serve together. */
export type Seat = {
  /** Names the process as the owner of its runs. */
  readonly owner: string;
  readonly relay: RunRelay;
  /** Where alerts go, so that each is sent once. */
  readonly alerts: Pick<Alerts, "requestEnded" | "healthChanged" | "close">;
};

/** The environment variables in which providers' keys are looked for. */
export const providerKeyVariables: readonly string[] = knownProviders.flatMap(
  (provider) => provider.keyVariables ?? [],
);

/** Builds storage, gateway and services. The only place that knows them all. */
export async function compose(options: ComposeOptions): Promise<Parts> {
  const { config, logger, seat } = options;
  await using cleanup = new AsyncDisposableStack();
  const ground = await (seat === undefined ? layGround(options) : joinGround(options));
  cleanup.defer(() => ground.close());
  const { storage, secrets } = ground;

  const redis = await openRedis(config, logger);
  cleanup.defer(() => redis?.close());
  const relay = seat && openRelay({ config, redis, secret: secrets.jwtSecret }, seat);
  cleanup.defer(() => relay?.close());
  const metrics = createMetrics({ version });
  const pressure = cleanup.use(watchPressure(logger));
  const databaseLog = cleanup.use(watchDatabaseLog({ storage, logger }));
  const alerts = seat?.alerts ?? startAlerts({ config, logger, metrics });
  cleanup.defer(() => alerts.close());
  const { gateway, listeners } = composeGateway(config, logger);
  cleanup.defer(() => gateway.close());
  const toolBox = await openToolBox(config.tools.servers, logger);
  cleanup.defer(() => toolBox.close());
  const speech = openSpeech(config, logger);
  cleanup.defer(() => speech.close());
  const backend = await createBackend({
    storage,
    gateway,
    secrets,
    settings: toServiceSettings(config),
    owner: seat?.owner,
    relay,
    sharedLimits: redis?.limits,
    toolBox,
    speech,
    openKnowledge: composeKnowledge({ config, storage, pressure }),
    onInternalError(error) {
      // That the disk takes nothing is said once, by whoever has found out, and not by everything that fails for it.
      if (findDomainError(error)?.code === "storage_unavailable") return;
      logger.error({ err: error }, "Internal error");
    },
    onRecordsShed: ({ entries, bodies, error }) =>
      logger.warn({ entries, bodies, err: error }, "Records of requests were not stored"),
    onCallStarted: () => metrics.requestStarted(),
    onCallEnded(ended) {
      const watched = toWatchedRequest(ended);
      if (ended.charge === undefined) return metrics.requestRefused(watched);
      metrics.requestEnded(watched);
      alerts.requestEnded(watched);
    },
  });
  const { upstreams, records } = backend.services;
  listeners.attemptEnded.push((report) => metrics.attemptEnded(report), backend.noteAttempt);
  listeners.healthChanged.push(
    upstreams.noteHealthChange,
    (change) => metrics.healthChanged(change),
    (change) => alerts.healthChanged(change),
  );
  metrics.watch({
    health: () => gateway.health(),
    recordsShed: () => records.stats().shedEntries,
    redis: redis?.watch,
    pressure: pressure.state,
    databaseLogBytes: databaseLog.bytes,
    logLinesDropped: options.logLinesDropped,
  });
  await upstreams.load();
  upstreams.start();
  backend.services.prices.replaceConfigured(config.prices);
  const rest = cleanup.move();
  return { storage, gateway, backend, metrics, pressure, redis, close: () => rest.disposeAsync() };
}

/** The way to the other processes: through Redis where the configuration says so, else the seat's own. */
function openRelay(
  { config, redis, secret }: { config: Config; redis: RedisParts | undefined; secret: string },
  { owner, relay }: Seat,
): RunRelay {
  return redis !== undefined && config.redis?.isRelay === true ? redis.openRelay({ owner, secret }) : relay;
}

/** Starts the alerts of a configuration; what becomes of them is counted. */
export function startAlerts(given: { config: Config; logger: Logger; metrics: Metrics }): Alerts {
  const { config, logger, metrics } = given;
  return createAlerts({
    config: config.alerts,
    logger,
    onEnd: (channel, outcome) => metrics.alertEnded(channel, outcome),
  });
}

/** A call in the words of metrics and alerts. */
function toWatchedRequest({ incoming, call, result }: EndedCall): WatchedRequest {
  const { kind = "other", model = "" } = call ?? {};
  return { ...result, requestId: incoming.request.id, kind, model };
}

/** What speaks with Redis is loaded where there is one: a process starts sooner without. */
async function openRedis({ redis }: Config, logger: Logger): Promise<RedisParts | undefined> {
  if (redis === undefined) return undefined;
  const { startRedis } = await import("./redis/start-redis.ts");
  return startRedis(redis, logger);
}
