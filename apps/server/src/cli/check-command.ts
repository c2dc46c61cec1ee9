import { findSqliteDamage } from "@llm-backend/storage";
import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { CommandFailure } from "./command-failure.ts";
import { addConfigOptions, readCommandConfig } from "./config-options.ts";

/** `check`: looks through the database, also beside a running server. */
export function addCheckCommand(program: Command): void {
  addConfigOptions(
    program.command("check").description("looks through the whole database for damage; the server may run"),
  ).action((flags: ConfigFlags) => {
    const { database } = readCommandConfig(flags).config;
    const damage = findSqliteDamage(database);
    if (damage.length > 0)
      throw new CommandFailure(`The database ${database} is damaged: ${damage.join("; ")}`);
    process.stdout.write(`The database ${database} is sound.\n`);
  });
}
