import { runCommand } from "./run-command.ts";

/** Looks through a server's whole database, beside the running server; answers with what is wrong. */
export async function checkDatabase(folder: string): Promise<string[]> {
  try {
    await runCommand(folder, ["check"]);
    return [];
  } catch (error) {
    return [String((error as { stderr?: string }).stderr || error)];
  }
}
