import { openSqlite } from "@llm-backend/storage";
import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { openDataFolder } from "../secrets/open-data-folder.ts";
import { addConfigOptions, readCommandConfig } from "./config-options.ts";

/** `migrate`: brings the database to this version's schema, without serving. */
export function addMigrateCommand(program: Command): void {
  addConfigOptions(
    program
      .command("migrate")
      .description("brings the database to this version's schema; serve does the same by itself"),
  ).action(async (flags: ConfigFlags) => {
    const { config } = readCommandConfig(flags);
    openDataFolder(config.data);
    // Alone: a server that runs on the old schema must not find a new one under its feet.
    const storage = await openSqlite({ path: config.database, exclusive: true });
    await storage.close();
    process.stdout.write(`The database ${config.database} has this version's schema.\n`);
  });
}
