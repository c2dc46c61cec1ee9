import type { Command } from "commander";
import { addConfigOptions } from "./config-options.ts";
import { probeEverything } from "./probe-upstreams.ts";

/** `doctor`: whether every upstream can be used. */
export function addDoctorCommand(program: Command): void {
  addConfigOptions(
    program
      .command("doctor")
      .description(
        "checks every upstream and every key of it: reach, key, models, streaming, time to the first token",
      ),
  )
    .option("--model <model>", "the model to ask (default: the first that each names)")
    .option("--json", "one line of JSON for each key")
    .action(probeEverything);
}
