import { createSealBox, createUpstreamService } from "@llm-backend/server";
import type { Command } from "commander";
import type { ConfigFlags } from "../config/overrides.ts";
import { readSecrets } from "../secrets/read-secrets.ts";
import { addConfigOptions } from "./config-options.ts";
import { withDatabase } from "./open-database.ts";
import { renderTable } from "./render-table.ts";

/** `upstream …`: the pool. */
export function addUpstreamCommands(program: Command): void {
  const upstream = program.command("upstream").description("shows the upstreams");
  addConfigOptions(
    upstream
      .command("list")
      .description("lists the upstreams that the server last started with, in their order"),
  ).action(async (flags: ConfigFlags) => {
    const rows = await withDatabase(flags, ({ config, storage }) => {
      const sealBox = createSealBox(readSecrets(config).masterKey);
      return createUpstreamService({ storage, sealBox, now: Date.now }).list();
    });
    const cells = rows.map(({ name, source, endpoint, keys, models }) => [
      name,
      source,
      endpoint,
      keys.length === 0 ? "none" : keys.join(" "),
      models.length === 0 ? "all" : models.join(" "),
    ]);
    process.stdout.write(renderTable(["name", "from", "endpoint", "key", "models"], cells));
  });
}
