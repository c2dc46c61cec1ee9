import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { createLogger } from "../logging/create-logger.ts";
import { startServer } from "../start-server.ts";
import { isWorker, leavePrimary, runWorker, type WorkerOptions } from "../workers/run-worker.ts";
import { startWorkers } from "../workers/start-workers.ts";
import { CommandFailure } from "./command-failure.ts";
import { addConfigOptions, readCommandConfig } from "./config-options.ts";
import { toReport } from "./failure-report.ts";
import { untilBroken } from "./until-broken.ts";
import { untilTold } from "./until-told.ts";

/** What the program does about its server. */
export type ServeOptions = {
  /** The server has ended; whatever of its log is not written by now, nobody reads. */
  readonly onServed?: () => void;
};

/** `serve`: runs the server until it is told to stop. What the program does when nothing else is said. */
export function addServeCommand(program: Command, { onServed = () => {} }: ServeOptions): void {
  addConfigOptions(
    program
      .command("serve", { isDefault: true })
      .description("runs the server (what happens without a command)"),
  )
    .option("--addr <host:port>", "where to listen (default: 127.0.0.1:8080)")
    .option("--workers <n>", "how many processes serve together (default: 1)")
    .option(
      "--noauth",
      "lets everyone who reaches the server use /v1 and the calls of voice engines, without any token",
    )
    .option("--log-level <level>", "the least severe entries to log (default: info)")
    .action((flags: ConfigFlags) => serve(flags).finally(onServed));
}

async function serve(flags: ConfigFlags): Promise<void> {
  const { config, notices, source, environment } = readCommandConfig(flags);
  const { logger, flush, droppedCount } = createLogger(config.log);
  const given = { config, environment, logger, logLinesDropped: droppedCount };
  if (isWorker()) return serveAsWorker({ ...given, flush });
  let restart = () => {};
  const mayRestart = config.workers > 1 && !process.stdin.isTTY;
  // From the first moment on: a signal that comes while the server starts stops it as well.
  using told = untilTold(mayRestart ? () => restart() : undefined);
  logger.info(source.sentence);
  for (const notice of notices) logger[notice.level](`${notice.path}: ${notice.message}`);
  try {
    const server = await (config.workers > 1 ? startWorkers(given) : startServer(given));
    if ("restart" in server) restart = () => void server.restart();
    logger.info(`Listening on ${server.urls.join(", ")}`);
    if (server.setupUrl !== undefined) {
      logger.info(`There is no administrator yet. Make one with this one-time link: ${server.setupUrl}`);
    }
    using broken = untilBroken((error) => logger.fatal({ err: error }, "A failure that nobody has caught"));
    const end = await Promise.race([told.first, broken.first]);
    const cause = typeof end === "string" ? end : "a failure that nobody has caught";
    logger.info(`Stopping on ${cause}; answers under way may go on for ${config.drain_seconds} s`);
    // Who is told twice, or once after a failure, does not wait.
    void (typeof end === "string" ? told.second : told.first).then(() => server.stopNow());
    await server.stop();
    logger.info("Stopped");
    if (typeof end !== "string") throw new CommandFailure(`ended by ${cause}; its log says which`);
  } finally {
    await flush();
  }
}

/** One of several processes: its primary says what it does, also about signals. */
async function serveAsWorker(given: Omit<WorkerOptions, "toSentence"> & { flush: () => Promise<void> }) {
  using _ = untilTold();
  try {
    await runWorker({ ...given, toSentence: (error) => toReport(error).message });
  } finally {
    await given.flush();
    leavePrimary();
  }
}
