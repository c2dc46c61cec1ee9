import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A script of ours in a process of its own. */
export type ScriptProcess = AsyncDisposable & {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
};

/**
 * Starts a script that prints `{"port": …}` when it listens and ends with its standard input.
 *
 * @throws Error when it ends before it listens.
 */
export async function startScript(script: URL, args: readonly string[] = []): Promise<ScriptProcess> {
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(script), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const failed = exited.then(([code]) => {
    throw new Error(`${script.pathname} ended with ${code} before it listened.`);
  });
  // It ends some day in any case; what matters is only whether that was too early.
  failed.catch(() => {});
  const [line] = await Promise.race([once(createInterface(child.stdout), "line"), failed]);
  const { port } = JSON.parse(String(line)) as { port: number };
  return {
    pid: child.pid as number,
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}
