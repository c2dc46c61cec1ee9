import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { sourceArguments, sourceEnvironment } from "@llm-backend/testing";

const run = promisify(execFile);

/** Looks through a server's whole database, as an operator does beside the running server; answers with what is wrong. */
export async function checkDatabase(folder: string): Promise<string[]> {
  const flags = ["check", "--config", join(folder, "config.yaml"), "--data", join(folder, "data")];
  try {
    await run(process.execPath, [...sourceArguments, ...flags], { env: sourceEnvironment });
    return [];
  } catch (error) {
    return [String((error as { stderr?: string }).stderr || error)];
  }
}
