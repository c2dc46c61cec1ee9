import type { Command } from "commander";
import { providerKeyVariables } from "../compose.ts";
import type { ConfigFlags } from "../config/overrides.ts";
import { readConfig, type ReadConfig } from "../config/read-config.ts";
import { readEnvironment, type Environment } from "../env.ts";

/** Adds the options that say which configuration, and which data, a command works with. */
export function addConfigOptions(command: Command): Command {
  return command
    .option(
      "--config <file>",
      "the configuration file (default: config.yaml in this folder, if there is one)",
    )
    .option("--data <folder>", "the data folder (default: ./data)")
    .option("--database <file>", "the SQLite file (default: llm-backend.db in the data folder)");
}

/** Reads the environment with all variables that providers' keys may stand in. */
export function readProcessEnvironment(): Environment {
  return readEnvironment(providerKeyVariables);
}

/**
 * Reads the configuration that a command was given.
 *
 * @throws ConfigError with every mistake at once.
 */
export function readCommandConfig(flags: ConfigFlags): ReadConfig & { environment: Environment } {
  const environment = readProcessEnvironment();
  return { ...readConfig({ environment, flags }), environment };
}
