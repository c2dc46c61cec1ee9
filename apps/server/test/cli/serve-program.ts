import { spawn } from "node:child_process";
import { once } from "node:events";
import { sourceArguments, sourceEnvironment } from "@llm-backend/testing";
import { until } from "../callers/chat-stage.ts";

/** Runs the program until the test is done with it; what it says is kept. */
export function start(folder: string, args: readonly string[]) {
  const child = spawn(process.execPath, [...sourceArguments, ...args], {
    cwd: folder,
    env: sourceEnvironment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  return {
    said,
    pid: child.pid ?? 0,
    /** Sends a signal to a program that goes on. */
    tell: (signal: NodeJS.Signals) => void child.kill(signal),
    closeOutput: () => void child.stdout.destroy(),
    /** Sends a signal, and waits for the exit code or the signal that ended it. */
    async stop(signal: NodeJS.Signals) {
      child.kill(signal);
      const [code, by] = await exited;
      return code ?? by;
    },
    /** The exit code of a program that ends by itself. */
    exited: exited.then(([code, by]) => code ?? by),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Starts a server with these arguments on a free port, and waits until it listens. */
export async function serve(folder: string, args: readonly string[]) {
  const program = start(folder, [...args, "-addr", "127.0.0.1:0"]);
  const findUrl = () => /Listening on (http:\/\/[\d.:]+)/.exec(program.said.stdout)?.[1];
  await until(() => findUrl() !== undefined, `the server listens: ${program.said.stderr}`);
  return {
    url: findUrl() ?? "",
    output: () => program.said.stdout,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}
