import { spawn, type ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();

/** What came of a process; `output` is what it printed, where that was kept. */
export type Outcome = { readonly code: number; readonly output: string };

/** Runs node with arguments to the end, on our own terminal or keeping its output. */
export async function runNode(
  args: readonly string[],
  options: { readonly output: "kept" | "shown"; readonly env?: Readonly<Record<string, string>> },
): Promise<Outcome> {
  const child = spawn(process.execPath, args, {
    stdio: options.output === "shown" ? "inherit" : ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  running.add(child);
  let output = "";
  const keep = (chunk: string) => {
    output += chunk;
  };
  child.stdout?.setEncoding("utf8").on("data", keep);
  child.stderr?.setEncoding("utf8").on("data", keep);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("error", reject);
  child.once("close", (code) => resolve(code ?? 1));
  const code = await promise.finally(() => running.delete(child));
  return { code, output };
}

/** Passes a signal on to whatever runs, then ends: an interrupted run has no result. */
export function stopOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      for (const child of running) child.kill(signal);
      process.exit(130);
    });
  }
}
