import { resolve } from "node:path";
import { backUpSqlite } from "@llm-backend/storage";
import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { addConfigOptions, readCommandConfig } from "./config-options.ts";

/** `backup`: copies the database, and the files that it names, while the server goes on. */
export function addBackupCommand(program: Command): void {
  addConfigOptions(
    program
      .command("backup")
      .description("copies the database into a new file, and its files beside it, while the server goes on")
      .argument("<file>", "where the copy goes; it must not be there yet"),
  ).action(async (file: string, flags: ConfigFlags) => {
    const { config } = readCommandConfig(flags);
    const target = resolve(file);
    const { folder, count, lost } = await backUpSqlite(config.database, target);
    const files = folder === undefined ? "" : `${folder} has ${toCount(count)} of it. `;
    process.stdout.write(
      `${target} is a sound copy of ${config.database}. ${files}Keep master.key, in another place.\n`,
    );
    if (lost > 0)
      process.stderr.write(
        `${toCount(lost)} ${lost === 1 ? "is" : "are"} lost: the database names what is nowhere.\n`,
      );
  });
}

const toCount = (count: number): string => `${count} ${count === 1 ? "file" : "files"}`;
