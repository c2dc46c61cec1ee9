import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The root of the workspace. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a command in the root to its end, on our own terminal; a failure ends this process too. */
export async function run(command, args) {
  const { code } = await runChild(command, args, { stdio: "inherit" });
  if (code !== 0) process.exit(code);
}

/** Runs a command in the root to its end, keeping what it prints to itself. A signal ends this process too. */
export async function runQuietly(command, args, { env, onOutput }) {
  const options = { stdio: ["ignore", "pipe", "pipe"], env, onOutput };
  const { code, signal, output } = await runChild(command, args, options);
  if (signal !== null) process.exit(code);
  return { code, output };
}

/**
 * Passes our own signals on. A Ctrl-C in a terminal reaches the whole group, so the child hears it twice; that
 * is for the child to bear, since it cannot be told from a signal that was sent to this process alone.
 */
function runChild(command, args, { onOutput, ...options }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, ...options });
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    const forward = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, forward);
    let output = "";
    const keep = (chunk) => {
      output += chunk;
      onOutput(chunk);
    };
    child.stdout?.setEncoding("utf8").on("data", keep);
    child.stderr?.setEncoding("utf8").on("data", keep);
    child.on("error", (error) => {
      console.error(`${command}: ${error.message}`);
      process.exit(127);
    });
    child.on("close", (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve({ code: code ?? 130, signal, output });
    });
  });
}
