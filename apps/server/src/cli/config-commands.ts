import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { addConfigOptions, readCommandConfig } from "./config-options.ts";

/** `config …`: the configuration, without a server. */
export function addConfigCommands(program: Command): void {
  const config = program.command("config").description("looks at the configuration");
  addConfigOptions(
    config
      .command("check")
      .description("says whether the configuration can be used, and every mistake in it"),
  )
    .option("--addr <host:port>", "where to listen")
    .action((flags: ConfigFlags) => {
      const { notices, source } = readCommandConfig(flags);
      process.stdout.write(`${source.sentence}\n`);
      for (const { level, path, message } of notices) process.stdout.write(`${level}: ${path}: ${message}\n`);
      process.stdout.write("The configuration can be used.\n");
    });
}
