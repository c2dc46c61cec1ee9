import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { createLogger } from "../logging/create-logger.ts";
import { startServer } from "../start-server.ts";
import { addConfigOptions, readCommandConfig } from "./config-options.ts";
import { untilTold } from "./until-told.ts";

/** `serve`: runs the server until it is told to stop. What the program does when nothing else is said. */
export function addServeCommand(program: Command): void {
  addConfigOptions(
    program
      .command("serve", { isDefault: true })
      .description("runs the server (what happens without a command)"),
  )
    .option("--addr <host:port>", "where to listen (default: 127.0.0.1:8080)")
    .option("--noauth", "lets everyone who reaches the server use /v1, without any token")
    .option("--log-level <level>", "the least severe entries to log (default: info)")
    .action(serve);
}

async function serve(flags: ConfigFlags): Promise<void> {
  const { config, notices, source, environment } = readCommandConfig(flags);
  const { logger, flush } = createLogger(config.log);
  // From the first moment on: a signal that comes while the server starts stops it as well.
  using told = untilTold();
  logger.info(source.sentence);
  for (const notice of notices) logger[notice.level](`${notice.path}: ${notice.message}`);
  try {
    const server = await startServer({ config, environment, logger });
    logger.info(`Listening on ${server.urls.join(", ")}`);
    if (server.setupUrl !== undefined) {
      logger.info(`There is no administrator yet. Make one with this one-time link: ${server.setupUrl}`);
    }
    const signal = await told.first;
    logger.info(`Stopping on ${signal}; answers under way may go on for ${config.drain_seconds} s`);
    void told.second.then(() => server.stopNow());
    await server.stop();
    logger.info("Stopped");
  } finally {
    await flush();
  }
}
