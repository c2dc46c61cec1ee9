import { resolve } from "node:path";
import { backUpSqlite } from "@llm-backend/storage";
import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { addConfigOptions, readCommandConfig } from "./config-options.ts";

/** `backup`: copies the database while the server goes on. */
export function addBackupCommand(program: Command): void {
  addConfigOptions(
    program
      .command("backup")
      .description("copies the database into a new file, while the server goes on")
      .argument("<file>", "where the copy goes; it must not be there yet"),
  ).action(async (file: string, flags: ConfigFlags) => {
    const { config } = readCommandConfig(flags);
    const target = resolve(file);
    await backUpSqlite(config.database, target);
    process.stdout.write(
      `${target} is a sound copy of ${config.database}. Keep master.key, in another place.\n`,
    );
  });
}
