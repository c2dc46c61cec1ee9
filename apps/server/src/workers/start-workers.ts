import cluster from "node:cluster";
import { DomainError, isErrorCode } from "@llm-backend/contract";
import { openSetup, recoverOrphans } from "@llm-backend/server";
import { layGround } from "../compose-ground.ts";
import { startAlerts } from "../compose.ts";
import { createMetrics, renderTogether, type Metrics } from "../metrics/create-metrics.ts";
import { serveMetrics, type ServerOptions } from "../start-server.ts";
import { version } from "../version.ts";
import { openSocketFolder } from "./socket-folder.ts";
import type { FromWorker } from "./worker-messages.ts";
import { createWorkerPool, type WorkerPool } from "./worker-pool.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** Workers that serve, and the primary that watches over them. */
export type RunningWorkers = {
  readonly urls: readonly string[];
  readonly setupUrl: string | undefined;
  /** Ends all of them: accepts nothing new, lets answers go on for the drain time. */
  stop(): Promise<void>;
  /** The same, without letting answers go on; also for a stop that is under way. */
  stopNow(): void;
  /** Puts a new process in the place of each worker, one after the other, so that nobody is refused meanwhile. */
  restart(): Promise<void>;
};

/** What a worker may take to end beyond the time that answers have. */
const stopMs = 15_000;

/**
 * Starts as many workers as the configuration says, in processes of their own. This process serves nobody: it does what
 * is done once for all of them, and replaces those that end.
 *
 * @throws ConfigError or StorageRefusal for what an operator has to change, Error with one sentence where a worker
 * cannot serve.
 */
export async function startWorkers(options: Omit<ServerOptions, "seat">): Promise<RunningWorkers> {
  const { config, logger } = options;
  await using cleanup = new AsyncDisposableStack();
  const ground = await layGround(options);
  cleanup.defer(() => ground.close());
  const { storage } = ground;
  const { runsInterrupted } = await recoverOrphans({ storage, now: Date.now }, []);
  if (runsInterrupted > 0) logger.warn({ runsInterrupted }, "Answers of an earlier process were interrupted");
  const setup = await openSetup(storage);

  const folder = cleanup.use(openSocketFolder(config.data));
  const metrics = createMetrics({ version });
  const alerts = startAlerts({ config, logger, metrics });
  cleanup.defer(() => alerts.close());
  const renderAll = () => render(pool, metrics);
  const metricsServer = await serveMetrics({
    config,
    logger,
    metrics: { contentType: metrics.contentType, render: renderAll },
  });
  cleanup.defer(async () => metricsServer?.close());

  // Connections wait in this process while a worker is replaced, and are spread evenly.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const pool = createWorkerPool({
    count: config.workers,
    folder: folder.path,
    logger,
    stopMs: config.drain_seconds * 1000 + stopMs,
    onMessage: createListener({ alerts, renderAll }),
    async onGone(livingOwners) {
      const recovered = await recoverOrphans({ storage, now: Date.now }, livingOwners);
      if (recovered.runsInterrupted > 0) logger.warn(recovered, "Answers of a worker were interrupted");
    },
  });
  cleanup.defer(() => pool.stop());
  const urls = await pool.start();
  const rest = cleanup.move();
  let restarting: Promise<void> = Promise.resolve();
  return {
    urls,
    setupUrl: setup === undefined ? undefined : `${urls[0]}/setup#${setup}`,
    stop: () => rest.disposeAsync(),
    stopNow: pool.stopNow,
    restart: () => (restarting = restarting.then(pool.replaceAll)),
  };
}

async function render(pool: WorkerPool, own: Metrics): Promise<string> {
  const collected = await Promise.all(pool.list().map((worker) => worker.collect()));
  return renderTogether([...collected, await own.collect()]);
}

/** What is done about what workers say. */
function createListener(given: {
  readonly alerts: ReturnType<typeof startAlerts>;
  readonly renderAll: () => Promise<string>;
}) {
  const { alerts, renderAll } = given;
  return (worker: WorkerProcess, message: FromWorker): void => {
    if (message.type === "render") {
      renderAll().then(
        (text) => worker.tell({ type: "rendered", id: message.id, text }),
        // Whoever asked stops waiting after a while.
        () => undefined,
      );
    } else if (message.type === "request-failed") {
      const { code, message: words } = message.request.error;
      const error = new DomainError(isErrorCode(code) ? code : "internal", words);
      alerts.requestEnded({ ...message.request, error });
    } else if (message.type === "health-changed") alerts.healthChanged(message.change);
  };
}
