import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A process that runs one of the scripts beside this file. */
export type Child = AsyncDisposable & {
  /** The next line that it writes; undefined when it has ended and all its lines were read. */
  readLine(): Promise<string | undefined>;
  send(line: string): void;
  /** Kills it as the kernel does, with no time to clean up, and waits until it is gone. */
  kill(): Promise<void>;
  /** Resolves when it ends by itself. @throws Error with what it wrote to stderr when it fails. */
  end(): Promise<void>;
};

/** Starts a script. */
export function startChild(script: string, ...args: readonly string[]): Child {
  const path = fileURLToPath(new URL(`./${script}.ts`, import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@llm-backend/source", path, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  // A process that is killed does not read what it was sent.
  child.stdin.on("error", () => {});
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  return {
    async readLine() {
      const { value, done } = await lines.next();
      return done === true ? undefined : value;
    },
    send: (line) => void child.stdin.write(`${line}\n`),
    kill,
    async end() {
      const [code, signal] = await exited;
      if (code !== 0) throw new Error(`${script} ended with ${code ?? signal}: ${complaints}`);
    },
    [Symbol.asyncDispose]: kill,
  };
}
