import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { toBuiltArguments } from "@llm-backend/testing";

const run = promisify(execFile);

/**
 * Runs a command of the program on a server's folder, as an operator does beside the running server.
 *
 * @throws Error with what it wrote when it does not end well.
 */
export async function runCommand(folder: string, args: readonly string[]): Promise<void> {
  const flags = ["--config", join(folder, "config.yaml"), "--data", join(folder, "data")];
  await run(process.execPath, [...toBuiltArguments(), ...args, ...flags], { env: {} });
}
