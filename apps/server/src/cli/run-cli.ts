import { Command, CommanderError } from "commander";
import { version } from "../version.ts";
import { addBackupCommand } from "./backup-command.ts";
import { addCheckCommand } from "./check-command.ts";
import { addConfigCommands } from "./config-commands.ts";
import { addConfigOptions } from "./config-options.ts";
import { addDoctorCommand } from "./doctor-command.ts";
import { placeBesideEarlierDatabase, type PlacedCall } from "./earlier-database.ts";
import { translateEarlierFlags } from "./earlier-flags.ts";
import { toReport } from "./failure-report.ts";
import { addKeyCommands } from "./key-commands.ts";
import { addMigrateCommand } from "./migrate-command.ts";
import { addRecordCommands } from "./record-commands.ts";
import { addServeCommand, type ServeOptions } from "./serve-command.ts";
import { addUpstreamCommands } from "./upstream-commands.ts";
import { addUserCommands } from "./user-commands.ts";

/** Exit code for words on the command line that mean nothing: `EX_USAGE` of sysexits.h. */
const usageExitCode = 64;

/**
 * Runs the command line to its end.
 *
 * @returns the exit code: 0, 1 for a failure, 64 for a wrong call, 78 for a configuration that has to be changed.
 */
export async function runCli(args: readonly string[], options: ServeOptions = {}): Promise<number> {
  try {
    const { args: placed, notice } = placeCall(args);
    if (notice !== undefined) process.stderr.write(`llm-backend: ${notice}\n`);
    await createProgram(options).parseAsync(placed, { from: "user" });
    return 0;
  } catch (error) {
    return report(error);
  }
}

/** A call of the earlier gateway in our words; one of ours is left as it is. */
function placeCall(args: readonly string[]): PlacedCall {
  const translated = translateEarlierFlags(args);
  const isEarlier = args.some((word) => /^-database(=|$)/.test(word));
  return isEarlier ? placeBesideEarlierDatabase(translated) : { args: translated };
}

/** The program with all its commands; without one it serves. */
export function createProgram(options: ServeOptions = {}): Command {
  const program = new Command("llm-backend")
    .description("A self-hosted backend for applications that talk to language models.")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "llm-backend: ")) })
    .showHelpAfterError("(see llm-backend --help)");
  addServeCommand(program, options);
  addMigrateCommand(program);
  addCheckCommand(program);
  addBackupCommand(program);
  addUserCommands(program);
  addUpstreamCommands(program);
  addKeyCommands(program);
  addRecordCommands(program);
  addDoctorCommand(program);
  addConfigCommands(program);
  addConfigOptions(program.command("version").description("prints the version")).action(() => {
    process.stdout.write(`${version}\n`);
  });
  return program;
}

function report(error: unknown): number {
  // Commander has printed its own sentence, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExitCode;
  const { message, exitCode } = toReport(error);
  process.stderr.write(`llm-backend: ${message}\n`);
  return exitCode;
}
